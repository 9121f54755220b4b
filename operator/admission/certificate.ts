/** Where the certificate of the webhook comes from. */
import type { KeyPair } from "./issue.ts";

export type Certificate = {
  readonly serving: KeyPair;
  /** PEM bundle of the authorities that callers are to trust; undefined when it is not known here. */
  readonly authorities: string | undefined;
};

/** Reads what is current, and makes it so where that is its job; asked again and again. */
export type CertificateSource = () => Promise<Certificate>;
