/**
 * The validating webhook: what the API server asks before it stores a SeldonDeployment.
 *
 * In flow reviews over HTTPS; out flow answers, made by `review.ts` from what `parse` says. Beside
 * that runs a small loop: it reads the certificate where others keep it (`certificate-files.ts`), or
 * makes and renews it (`certificate-secret.ts`), tells the API server whom to trust (`publish.ts`),
 * and hands it to the server (`server.ts`). Every replica of the operator serves.
 *
 * The webhook is optional: what slips past it is told by the status of the deployment.
 */
import { isDeepStrictEqual } from "node:util";
import type { Settings } from "../../api/settings.ts";
import type { Logger } from "../../host/log.ts";
import { type Clock, systemClock } from "../cluster/clock.ts";
import { ClusterError } from "../cluster/cluster.ts";
import type { Certificate, CertificateSource } from "./certificate.ts";
import { makeFileSource } from "./certificate-files.ts";
import { makeSecretSource } from "./certificate-secret.ts";
import { splitBundle, unusable } from "./keyring.ts";
import type { Objects } from "./objects.ts";
import { makeBundleRefresher, makeObjectsPublisher, type Publish } from "./publish.ts";
import { type Reviewed, review } from "./review.ts";
import { type AdmissionServer, openServer } from "./server.ts";
import { type Charge, paths, serverNames } from "./webhook-configuration.ts";

export type AdmissionOptions = Charge & {
  /** Of the operator: where its Service and Secret are. */
  readonly namespace: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Address to listen on; all interfaces if absent. */
  readonly host?: string;
  /** A folder in which others keep the certificate; absent: the operator makes one. */
  readonly certificateFolder?: string | undefined;
  /** Whether the operator makes the webhook's configuration and Service too. */
  readonly isManaged: boolean;
  /** The settings of now. */
  readonly settings: () => Settings;
  readonly objects: Objects;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Hears of each request: what became of it. */
  readonly onReview?: (outcome: ReviewOutcome) => void;
};

/** `failed`: it was no review that could be answered. */
export type ReviewOutcome = "allowed" | "refused" | "failed";

export type Admission = {
  readonly port: number;
  /** Why no review can be asked or answered now; undefined: they are answered. */
  problem(): string | undefined;
  /** Ends within `graceMs`; what is being asked is answered. */
  close(graceMs?: number): Promise<void>;
};

/** How often the certificate is looked at, and how soon again when that failed. */
export const checkMs = 30_000;
export const retryMs = 5_000;
const defaultGraceMs = 5_000;

/**
 * Listens, and looks for a certificate once; without one it goes on looking, and says so.
 *
 * @throws {Error} when it cannot listen.
 */
export const startAdmission = async (options: AdmissionOptions): Promise<Admission> => {
  const { clock = systemClock, log } = options;
  const server = await openServer({
    port: options.port,
    host: options.host,
    paths,
    review: makeReviewer(options),
    onRefusal: (status, message) => {
      log.warn({ status, reason: message }, "review not answered");
      options.onReview?.("failed");
    },
  });
  const keeper = makeKeeper(server, options, clock);
  await keeper.check();

  const ending = new AbortController();
  const kept = (async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await clock.wait(keeper.isSettled() ? checkMs : retryMs, ending.signal);
      if (!ending.signal.aborted) await keeper.check();
    }
  })();
  return {
    port: server.port,
    problem: keeper.problem,
    close: async (graceMs = defaultGraceMs) => {
      ending.abort();
      await Promise.all([kept, server.close(graceMs)]);
    },
  };
};

const makeReviewer =
  ({ settings, log, onReview }: AdmissionOptions) =>
  (body: unknown): ReturnType<typeof review> => {
    const reviewed = review(body, settings());
    if (reviewed.ok) {
      onReview?.(reviewed.value.response.allowed ? "allowed" : "refused");
      tell(reviewed.value, log);
    }
    return reviewed;
  };

const tell = ({ response: { uid, status } }: Reviewed, log: Logger): void => {
  if (status === undefined) return;
  const { name, causes } = status.details;
  log.info({ uid, name, faults: causes.length }, "SeldonDeployment refused");
};

/** Looks after the certificate; `check` never fails, and says in the log what does. */
const makeKeeper = (server: AdmissionServer, options: AdmissionOptions, clock: Clock) => {
  const source = makeSource(options, clock);
  const publish = makePublish(options, server.port);
  let inUse: Certificate | undefined;
  let failure: string | undefined;
  /** The API server knows whom to trust, or somebody else has to tell it. */
  let isTold = false;

  const use = (certificate: Certificate): void => {
    if (!isDeepStrictEqual(inUse?.serving, certificate.serving)) server.use(certificate.serving);
    inUse = certificate;
  };
  const problem = (): string | undefined => {
    if (inUse === undefined) return failure ?? "there is no certificate yet";
    // Of later failures the log tells: a replica that is asked already goes on answering.
    if (!isTold) return failure ?? "the API server has not been told whom to trust yet";
    const { serving, authorities } = inUse;
    return unusable(serving, {
      authorities: authorities === undefined ? undefined : splitBundle(authorities),
      names: serverNames(options.namespace).slice(-1), // by which an API server calls
      nowMs: clock.now(),
    });
  };
  const renew = async (): Promise<string | undefined> => {
    const certificate = await source();
    try {
      await publish(certificate.authorities); // trust comes first
      isTold = true;
    } catch (error) {
      isTold ||= isForbidden(error);
      throw error;
    } finally {
      use(certificate);
    }
    return problem();
  };
  return {
    problem,
    isSettled: () => failure === undefined,
    check: async (): Promise<void> => {
      const found = await renew().catch((error: unknown) => String(error));
      if (found !== failure) {
        if (found === undefined) options.log.info("webhook certificate is well again");
        else options.log.error({ reason: found }, "webhook certificate is not well");
      }
      failure = found;
    },
  };
};

/** Who may not tell it leaves that to people, whom nobody needs to wait for. */
const isForbidden = (error: unknown): boolean =>
  error instanceof ClusterError && error.code === "FORBIDDEN";

const makeSource = (options: AdmissionOptions, clock: Clock): CertificateSource => {
  const { certificateFolder, objects, namespace, log } = options;
  return certificateFolder === undefined
    ? makeSecretSource({ objects, namespace, names: serverNames(namespace), now: clock.now, log })
    : makeFileSource(certificateFolder);
};

const makePublish = (options: AdmissionOptions, port: number): Publish => {
  const { objects, log, isManaged, certificateFolder } = options;
  const { namespace, watchNamespace, controllerId } = options;
  const webhook = { namespace, watchNamespace, controllerId, port };
  if (isManaged) return makeObjectsPublisher({ objects, webhook, log });
  // Who keeps the certificate in files also says whom to trust.
  return certificateFolder === undefined
    ? makeBundleRefresher({ objects, webhook, log })
    : async () => {};
};
