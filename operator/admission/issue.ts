/**
 * Certificates for the webhook: an authority of our own, and what it certifies.
 *
 * Node.js reads certificates but makes none. These two are of one fixed form, so they are written
 * out here; the operator then needs no library that patches the global `Reflect`.
 *
 * Source: RFC 5280 (form and extensions), RFC 5758 (ECDSA with SHA-256).
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import {
  bits,
  explicit,
  identifier,
  implicit,
  integer,
  octets,
  sequence,
  set,
  time,
  utf8,
  yes,
} from "./der.ts";

/** PEM texts. */
export type KeyPair = { readonly certificate: string; readonly key: string };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
export const authorityLifeMs = 10 * 365 * dayMs;
export const servingLifeMs = 90 * dayMs;
/** A certificate begins so long ago, for clocks that are behind ours. */
export const backdatedMs = hourMs;

export const issueAuthority = (nowMs: number): KeyPair => {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const id = serialNumber();
  const name = commonName(`espalier-webhook-ca-${Buffer.from(id).toString("hex", 0, 4)}`);
  const certificate = certify({
    serial: id,
    issuer: name,
    subject: name,
    key: pair.publicKey,
    fromMs: nowMs - backdatedMs,
    toMs: nowMs + authorityLifeMs,
    extensions: [
      extension("2.5.29.19", true, sequence(yes)), // basic constraints: an authority
      extension("2.5.29.15", true, bits(Buffer.from([0x06]), 1)), // key usage: certificates, CRLs
      extension("2.5.29.14", false, octets(keyId(pair.publicKey))),
    ],
    signer: pair.privateKey,
  });
  return { certificate, key: pemOfKey(pair.privateKey) };
};

/** A certificate for a server of these DNS names, which lasts no longer than its authority. */
export const issueServing = (
  authority: KeyPair,
  names: readonly string[],
  nowMs: number,
): KeyPair => {
  const issuer = new X509Certificate(authority.certificate);
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alternatives = names.map((name) => implicit(2, Buffer.from(name)));
  const certificate = certify({
    serial: serialNumber(),
    issuer: commonName(commonNameOf(issuer)),
    // A common name holds 64 characters at most, and nobody asks for it; the DNS names are below.
    subject: commonName("espalier-webhook"),
    key: pair.publicKey,
    fromMs: nowMs - backdatedMs,
    toMs: Math.min(nowMs + servingLifeMs, issuer.validToDate.getTime()),
    extensions: [
      extension("2.5.29.19", true, sequence()), // basic constraints: no authority
      extension("2.5.29.15", true, bits(Buffer.from([0x80]), 7)), // key usage: signatures
      extension("2.5.29.37", false, sequence(identifier("1.3.6.1.5.5.7.3.1"))), // serverAuth
      extension("2.5.29.17", false, sequence(...alternatives)), // DNS names
      extension("2.5.29.14", false, octets(keyId(pair.publicKey))),
      extension("2.5.29.35", false, sequence(implicit(0, keyId(issuer.publicKey)))),
    ],
    signer: createPrivateKey(authority.key),
  });
  return { certificate, key: pemOfKey(pair.privateKey) };
};

type Certified = {
  readonly serial: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly key: KeyObject;
  readonly fromMs: number;
  readonly toMs: number;
  readonly extensions: readonly Uint8Array[];
  readonly signer: KeyObject;
};

const ecdsaWithSha256 = sequence(identifier("1.2.840.10045.4.3.2"));

const certify = (what: Certified): string => {
  const content = sequence(
    explicit(0, integer(2)), // version 3
    integer(...what.serial),
    ecdsaWithSha256,
    what.issuer,
    sequence(time(what.fromMs), time(what.toMs)),
    what.subject,
    publicBytes(what.key),
    explicit(3, sequence(...what.extensions)),
  );
  const signature = sign("sha256", content, what.signer);
  const whole = sequence(content, ecdsaWithSha256, bits(signature));
  return new X509Certificate(whole).toString();
};

const extension = (id: string, isCritical: boolean, value: Uint8Array): Buffer =>
  sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value));

const commonName = (name: string): Buffer =>
  sequence(set(sequence(identifier("2.5.4.3"), utf8(name))));

/** Of a subject that `commonName` wrote. */
const commonNameOf = ({ subject }: X509Certificate): string => subject.replace(/^CN=/, "");

/** 16 random bytes that make a positive number. */
const serialNumber = (): Uint8Array => {
  const [first = 0, ...rest] = randomBytes(16);
  return Uint8Array.from([(first & 0x3f) | 0x40, ...rest]);
};

const publicBytes = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });

/** By which a certificate finds its authority; any number that differs from key to key would do. */
const keyId = (key: KeyObject): Buffer =>
  createHash("sha256").update(publicBytes(key)).digest().subarray(0, 20);

const pemOfKey = (key: KeyObject): string =>
  key.export({ type: "pkcs8", format: "pem" }).toString();
