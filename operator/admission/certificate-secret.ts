/**
 * A certificate that the operator makes and renews itself, kept in a Secret that its replicas share.
 *
 * Whichever replica finds that something is due writes it, with the resourceVersion it has read; the
 * others find it written. What cert-manager keeps there is used and never written.
 *
 * Source: operator contract, 9.4 (name and keys of the Secret); `ca.key` is ours.
 */
import type { Logger } from "../../host/log.ts";
import { type KubernetesObject, nameOf, type Ref } from "../render/object.ts";
import type { Certificate, CertificateSource } from "./certificate.ts";
import { type Keyring, type Renewal, renew, splitBundle, unusable } from "./keyring.ts";
import type { Objects } from "./objects.ts";
import { isLostRace, untilWon } from "./race.ts";

export const secretName = "seldon-webhook-server-cert";

export type SecretSourceOptions = {
  readonly objects: Objects;
  /** Of the operator. */
  readonly namespace: string;
  /** DNS names by which the API server calls. */
  readonly names: readonly string[];
  readonly now: () => number;
  readonly log: Logger;
};

export const makeSecretSource = (options: SecretSourceOptions): CertificateSource => {
  const { objects, namespace, names, now } = options;
  const ref: Ref = { apiVersion: "v1", kind: "Secret", namespace, name: secretName };
  return () =>
    untilWon(async () => {
      const live = await objects.read(ref);
      const held = live && readKeyring(live);
      if (held !== undefined && isKeptByOthers(live)) return asCertificate(held);
      const renewal = renew(held, names, now());
      if (renewal.reasons.length === 0) return asCertificate(renewal.keyring);
      return asCertificate(await hold(renewal, { ref, live, held }, options));
    });
};

type Found = {
  readonly ref: Ref;
  readonly live: KubernetesObject | undefined;
  readonly held: Keyring | undefined;
};

/** Answers what is in the Secret then: what is good goes on when it cannot be renewed just now. */
const hold = async (
  renewal: Renewal,
  { ref, live, held }: Found,
  options: SecretSourceOptions,
): Promise<Keyring> => {
  const secret = nameOf(ref);
  try {
    await write(renewal.keyring, { ref, live, held }, options);
  } catch (error) {
    if (isLostRace(error) || !isStillGood(held, options)) throw error;
    options.log.warn({ err: error, secret }, "cannot renew the webhook's certificate yet");
    return held;
  }
  options.log.info({ secret, reasons: renewal.reasons }, "webhook certificate renewed");
  return renewal.keyring;
};

const write = (
  keyring: Keyring,
  { ref, live }: Found,
  { objects }: SecretSourceOptions,
): Promise<void> => {
  const data = dataOf(keyring);
  if (live !== undefined) {
    return objects.replace({ ...live, data: { ...textsOf(live["data"]), ...data } });
  }
  const { apiVersion, kind, namespace, name } = ref;
  const labels = { "app.kubernetes.io/managed-by": "espalier" };
  const metadata = { name, namespace, labels };
  return objects.create({ apiVersion, kind, metadata, type: "kubernetes.io/tls", data });
};

const asCertificate = ({ serving, authorities }: Keyring): Certificate => ({
  serving,
  authorities: authorities.join(""),
});

/** Whether it can go on as it is when it cannot be renewed just now. */
const isStillGood = (
  held: Keyring | undefined,
  { names, now }: SecretSourceOptions,
): held is Keyring =>
  held !== undefined &&
  unusable(held.serving, { authorities: held.authorities, names, nowMs: now() }) === undefined;

/** Source: cert-manager, annotations of the Secrets it writes. */
const isKeptByOthers = (live: KubernetesObject | undefined): boolean =>
  live?.metadata.annotations?.["cert-manager.io/certificate-name"] !== undefined;

const readKeyring = (live: KubernetesObject): Keyring => {
  const texts = textsOf(live["data"]);
  const text = (key: string): string => Buffer.from(texts[key] ?? "", "base64").toString();
  return {
    authorities: splitBundle(text("ca.crt")),
    authorityKey: text("ca.key") || undefined,
    serving: { certificate: text("tls.crt"), key: text("tls.key") },
  };
};

const dataOf = ({ authorities, authorityKey = "", serving }: Keyring) => ({
  "ca.crt": base64(authorities.join("")),
  "ca.key": base64(authorityKey),
  "tls.crt": base64(serving.certificate),
  "tls.key": base64(serving.key),
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What of a Secret's data is text, as all of it is in one that an API server has taken. */
const textsOf = (data: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(data ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
