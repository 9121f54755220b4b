/** The connection to a Redis or Valkey server, which comes and goes. */
import { Redis } from "ioredis";
import type { StoreAddress } from "./address.ts";

export type RedisLink = {
  isReady(): boolean;
  /** One command. Rejects at once when there is no connection, and after a while without an answer. */
  call(command: string, ...args: readonly (string | Buffer)[]): Promise<unknown>;
  close(): void;
};

export type LinkOptions = {
  readonly address: StoreAddress;
  readonly onReady: () => void;
  readonly onError: (why: string) => void;
};

const connectTimeoutMs = 3_000;
const answerTimeoutMs = 3_000;
const shortestRetryMs = 100;
const longestRetryMs = 5_000;

/** Connects at once, and again whenever the connection is lost. */
export const openLink = ({ address, onReady, onError }: LinkOptions): RedisLink => {
  const { host, port, username, password, database, isTls } = address;
  const redis = new Redis({
    host,
    port,
    db: database,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
    connectTimeout: connectTimeoutMs,
    commandTimeout: answerTimeoutMs,
    // What is lost on the way is asked again by who asked: it knows how often it may be done.
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => jittered(shortestRetryMs * 2 ** Math.min(tries, 10)),
    reconnectOnError: ({ message }) => message.startsWith("READONLY"), // another became the primary
  });
  redis.on("ready", onReady);
  redis.on("error", (error: Error) => onError(error.message));
  redis.on("close", () => onError("the connection was closed"));
  return {
    isReady: () => redis.status === "ready",
    call: async (command, ...args) => {
      try {
        return await redis.callBuffer(command, ...args);
      } catch (error) {
        // A server that says nothing may be behind a connection that leads nowhere. Ended in order,
        // it would go on being used until the other side ends it too.
        if (error instanceof Error && error.message === "Command timed out") redis.stream.destroy();
        throw error;
      }
    },
    close: () => {
      redis.removeAllListeners("close");
      redis.disconnect();
    },
  };
};

const jittered = (ms: number): number => Math.min(ms, longestRetryMs) * (0.5 + Math.random() / 2);
