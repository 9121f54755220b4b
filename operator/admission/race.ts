import { ClusterError } from "../cluster/cluster.ts";

/** More than as many replicas can lose against each other in a row. */
const mostAttempts = 8;

/**
 * Reads, decides and writes; and again from the start when another replica was faster.
 *
 * @throws {ClusterError} what `attempt` throws otherwise, and its last when it never wins.
 */
export const untilWon = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (attempts === mostAttempts || !isLostRace(error)) throw error;
    }
  }
};

/** Whether another replica wrote, made or removed the object since it was read. */
export const isLostRace = (error: unknown): boolean =>
  error instanceof ClusterError && ["CONFLICT", "EXISTS", "NOT_FOUND"].includes(error.code);
