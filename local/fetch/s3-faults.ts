/** What errors of an S3 store mean. Source: Amazon S3 API Reference, "Error responses"; AWS STS, "Common errors". */
import { FetchFault, systemCodeOf } from "./fault.ts";
import { isPassingStatus, networkFault, retryAfterMs } from "./network.ts";
import type { S3Settings } from "./s3-settings.ts";

export type S3Where = {
  readonly bucket: string;
  /** For people. */
  readonly where: string;
  readonly settings: S3Settings;
};

/** What the client's errors are made of. */
type Answered = {
  readonly name: string;
  readonly Code?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
};

export const isNotThere = (thrown: unknown): boolean => {
  const { name, $metadata } = thrown as Answered; // what the client throws
  return name === "NotFound" || name === "NoSuchKey" || $metadata?.httpStatusCode === 404;
};

const badCredentials =
  /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken(Exception)?|InvalidToken|TokenRefreshRequired|InvalidClientTokenId|InvalidIdentityToken(Exception)?|InvalidAccessKey|NoSuchAccessKey|UnrecognizedClientException|XAmzContentSHA256Mismatch|XAdminUserNotFound)$/;
const noCredentials = /^(CredentialsProviderError|TokenProviderError|AccessDeniedException)$/;
const wrongRegion =
  /^(PermanentRedirect|TemporaryRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|MovedPermanently|301)$/;

export const s3Fault = (thrown: unknown, at: S3Where): FetchFault => {
  if (thrown instanceof FetchFault) return thrown;
  const answered = thrown as Answered; // what the client throws
  const status = answered.$metadata?.httpStatusCode;
  const code = answered.Code ?? answered.name;
  const endpoint = at.settings.endpoint ?? "Amazon S3";
  if (noCredentials.test(code)) return withoutCredentials(at, thrown);
  if (status === undefined) {
    const isOurs = thrown instanceof Error && thrown.name === "AbortError";
    return isOurs && systemCodeOf(thrown) === ""
      ? new FetchFault("UNREACHABLE", `${at.where}: was broken off`, { cause: thrown })
      : networkFault(`${at.where} at ${endpoint}`, thrown);
  }
  return (
    refusal(code, status, at) ??
    absence(code, status, at) ??
    redirection(code, status, answered, at) ??
    passing(code, status, answered, at) ??
    new FetchFault(
      "BAD_ANSWER",
      `${at.where}: ${endpoint} answers ${status} ${code}; check that it speaks S3`,
    )
  );
};

const withoutCredentials = ({ where, settings }: S3Where, cause: unknown): FetchFault =>
  new FetchFault(
    "BAD_CREDENTIALS",
    `${where}: the credentials that pod, node or profile should lend cannot be had; check the role of the service account, or set ${settings.remedy}`,
    { cause },
  );

const refusal = (code: string, status: number, at: S3Where): FetchFault | undefined => {
  const { where, settings, bucket } = at;
  if (code === "RequestTimeTooSkewed") {
    const message = `${where}: the clock of this node is wrong; set it`;
    return new FetchFault("BAD_CREDENTIALS", message, { isPassing: true });
  }
  if (badCredentials.test(code) || (status === 401 && settings.credentials.kind !== "none")) {
    const message = `${where}: the credentials are not taken (${code}); check ${settings.remedy}`;
    return new FetchFault("BAD_CREDENTIALS", message);
  }
  if (code === "InvalidObjectState") {
    return new FetchFault("DENIED", `${where}: is archived; restore it in the store first`);
  }
  if (status !== 401 && status !== 403) return undefined;
  const message =
    settings.credentials.kind === "none"
      ? `${where}: may not be read without credentials; set ${settings.remedy}`
      : `${where}: the credentials are taken, and may not read it; allow them s3:GetObject and s3:ListBucket on ${bucket}`;
  return new FetchFault("DENIED", message);
};

const absence = (
  code: string,
  status: number,
  { where, bucket }: S3Where,
): FetchFault | undefined => {
  if (code === "NoSuchBucket" || code === "InvalidBucketName") {
    const message = `${where}: there is no bucket "${bucket}"; check its name, and the endpoint`;
    return new FetchFault("NO_BUCKET", message);
  }
  if (status === 412) {
    const message = `${where}: was changed while it was fetched`;
    return new FetchFault("CHANGED", message, { isPassing: true });
  }
  if (status !== 404) return undefined;
  return new FetchFault("NOT_FOUND", `${where}: there is no such key; check its name`);
};

const redirection = (
  code: string,
  status: number,
  { Region, $response }: Answered,
  { where, bucket, settings }: S3Where,
): FetchFault | undefined => {
  if (!wrongRegion.test(code) && status !== 301 && status !== 307) return undefined;
  const region = Region ?? $response?.headers?.["x-amz-bucket-region"];
  if (code === "AuthorizationHeaderMalformed" && region === undefined) {
    const message = `${where}: the credentials are not taken (${code}); check ${settings.remedy}`;
    return new FetchFault("BAD_CREDENTIALS", message);
  }
  const is = region === undefined ? "in another region" : `in region ${region}`;
  const message = `${where}: bucket "${bucket}" is ${is}, not in ${settings.region}; set AWS_REGION, or REGION of the remote`;
  return new FetchFault("WRONG_REGION", message);
};

const passing = (
  code: string,
  status: number,
  { $response }: Answered,
  { where }: S3Where,
): FetchFault | undefined => {
  if (!isPassingStatus(status) && code !== "RequestTimeout" && code !== "SlowDown")
    return undefined;
  const afterMs = retryAfterMs($response?.headers?.["retry-after"]);
  return new FetchFault(
    "UNREACHABLE",
    `${where}: the store answers ${status} ${code}: try again later`,
    {
      ...{ isPassing: true },
      ...(afterMs === undefined ? {} : { afterMs }),
    },
  );
};
