/**
 * What the Secret of the webhook should hold: whom to trust, and what to serve with.
 *
 * Nothing here reads or writes; `renew` looks at what is held and at the time, and answers what to
 * hold instead. Trust always comes first: a new authority is told to the API server a day before
 * anything that it certified is served, so that no request is refused while the two change.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { backdatedMs, issueAuthority, issueServing, type KeyPair } from "./issue.ts";

export type Keyring = {
  /** PEM certificates to trust, the newest first. */
  readonly authorities: readonly string[];
  /** Of the first authority; undefined when somebody else keeps it. */
  readonly authorityKey: string | undefined;
  readonly serving: KeyPair;
};

export type Renewal = {
  readonly keyring: Keyring;
  /** Why it is not what was held, for the log; none: it is. */
  readonly reasons: readonly string[];
};

/** How long a new authority is trusted by all before what it certified is served. */
export const settleMs = 24 * 3_600_000;
/** Renewed when two thirds of their life are over. */
const dueAt = ({ validFromDate, validToDate }: X509Certificate): number =>
  validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3;
/** More than rotation needs; a Secret must not grow. */
const mostAuthorities = 3;

export const renew = (
  held: Keyring | undefined,
  names: readonly string[],
  nowMs: number,
): Renewal => {
  const authority = renewAuthority(held, nowMs);
  const authorities = [
    authority.pair.certificate,
    ...(held?.authorities ?? []).filter(
      (pem) => pem !== authority.pair.certificate && isTrustworthy(pem, nowMs),
    ),
  ].slice(0, mostAuthorities);
  const why = servingFault(held?.serving, { authorities, names, nowMs });
  const serving =
    held === undefined || why !== undefined
      ? issueServing(authority.pair, names, nowMs)
      : held.serving;
  return {
    keyring: { authorities, authorityKey: authority.pair.key, serving },
    reasons: [authority.reason, why].filter((reason) => reason !== undefined),
  };
};

type RenewedAuthority = { readonly pair: KeyPair; readonly reason?: string };

const renewAuthority = (held: Keyring | undefined, nowMs: number): RenewedAuthority => {
  const reason = authorityFault(held, nowMs);
  const [certificate] = held?.authorities ?? [];
  const key = held?.authorityKey;
  return reason === undefined && certificate !== undefined && key !== undefined
    ? { pair: { certificate, key } }
    : { pair: issueAuthority(nowMs), ...(reason !== undefined && { reason }) };
};

const authorityFault = (held: Keyring | undefined, nowMs: number): string | undefined => {
  const [pem] = held?.authorities ?? [];
  if (held === undefined || pem === undefined) return "there is no authority";
  if (held.authorityKey === undefined) return "the key of the authority is kept elsewhere";
  const authority = readPair({ certificate: pem, key: held.authorityKey });
  if (authority === undefined) return "the authority and its key do not belong together";
  if (!authority.ca || !authority.subject.startsWith("CN=espalier-webhook-ca-")) {
    return "the authority is not one of ours";
  }
  if (!isValid(authority, nowMs)) return "the authority is not valid now";
  return nowMs >= dueAt(authority) ? "the authority is due for renewal" : undefined;
};

type Demands = {
  /** Undefined when it is not known here who is trusted. */
  readonly authorities: readonly string[] | undefined;
  readonly names: readonly string[];
  readonly nowMs: number;
};

const servingFault = (serving: KeyPair | undefined, demands: Demands): string | undefined => {
  if (serving === undefined) return "there is no certificate";
  const broken = unusable(serving, demands);
  if (broken !== undefined) return broken;
  const certificate = new X509Certificate(serving.certificate);
  const [newest, ...older] = (demands.authorities ?? []).map((pem) => new X509Certificate(pem));
  if (newest === undefined) return undefined;
  const isOld = older.some((authority) => isIssued(certificate, authority));
  if (!isOld && demands.nowMs < dueAt(certificate)) return undefined;
  const settledAt = newest.validFromDate.getTime() + backdatedMs + settleMs;
  const canWait = certificate.validToDate.getTime() > settledAt;
  if (demands.nowMs < settledAt && canWait) return undefined;
  return isOld ? "the authority is a new one" : "the certificate is due for renewal";
};

/** Why an API server that trusts these authorities would not take this certificate, if so. */
export const unusable = (
  serving: KeyPair,
  { authorities, names, nowMs }: Demands,
): string | undefined => {
  const certificate = readPair(serving);
  if (certificate === undefined) return "the certificate and its key do not belong together";
  if (!isValid(certificate, nowMs)) return "the certificate is not valid now";
  const missing = names.find(
    (name) => certificate.checkHost(name, { subject: "never" }) === undefined,
  );
  if (missing !== undefined) return `the certificate is not for ${missing}`;
  return authorities === undefined ||
    authorities.some((pem) => isIssued(certificate, new X509Certificate(pem)))
    ? undefined
    : "the certificate is not of a trusted authority";
};

const isIssued = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.checkIssued(authority) && certificate.verify(authority.publicKey);

const isValid = ({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean =>
  validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();

const isTrustworthy = (pem: string, nowMs: number): boolean => {
  const certificate = readCertificate(pem);
  return certificate?.ca === true && isValid(certificate, nowMs);
};

const readPair = ({ certificate, key }: KeyPair): X509Certificate | undefined => {
  const read = readCertificate(certificate);
  try {
    return read?.checkPrivateKey(createPrivateKey(key)) ? read : undefined;
  } catch {
    return undefined; // no key at all
  }
};

const readCertificate = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

/** The certificates of a PEM bundle, one a text, those that are none left out. */
export const splitBundle = (bundle: string): readonly string[] =>
  (bundle.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).flatMap(
    (pem) => readCertificate(pem)?.toString() ?? [],
  );
