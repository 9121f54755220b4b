/** What is wrong between here and a server. */
import { FetchFault, systemCodeOf } from "./fault.ts";

const words: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up",
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was broken off",
  EPIPE: "the connection was broken off",
  UND_ERR_SOCKET: "the connection was broken off",
  ERR_STREAM_PREMATURE_CLOSE: "the connection was broken off",
  ETIMEDOUT: "it does not answer",
  EPROTO: "it does not speak TLS, or not this way: is it http:// instead of https://?",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
};

const isDistrust = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|ERR_TLS/.test(code);

/** Passing, but for a certificate that is not trusted. */
export const networkFault = (where: string, thrown: unknown): FetchFault => {
  if (thrown instanceof FetchFault) return thrown;
  const code = systemCodeOf(thrown);
  if (isDistrust(code)) {
    const message = `${where}: its certificate is not trusted (${code}); name the file of its authority in SSL_CERT_FILE, or mend the certificate`;
    return new FetchFault("UNTRUSTED", message, { cause: thrown });
  }
  const isLate = thrown instanceof Error && thrown.name === "TimeoutError";
  const why = isLate ? "it does not answer" : (words[code] ?? (code || "the connection failed"));
  const message = `${where}: cannot be reached: ${why}; check the address, and that pods may connect to it`;
  return new FetchFault("UNREACHABLE", message, { cause: thrown, isPassing: true });
};

/** Statuses after which asking again may help. Source: RFC 9110, 15; RFC 6585, 4. */
export const isPassingStatus = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;

/** Source: RFC 9110, 10.2.3. */
export const retryAfterMs = (header: string | undefined): number | undefined => {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
};
