/** What errors of Google Cloud Storage mean. Source: Cloud Storage JSON API, "HTTP status and error codes". */
import { FetchFault } from "./fault.ts";
import type { GcsSettings } from "./gcs-settings.ts";
import { type Answer, textOf } from "./http.ts";
import { isPassingStatus, retryAfterMs } from "./network.ts";

export type GcsWhere = {
  readonly bucket: string;
  /** For people. */
  readonly where: string;
  readonly settings: GcsSettings;
};

export const gcsFault = async (
  { status, headers, body }: Answer,
  at: GcsWhere,
  isList: boolean,
): Promise<FetchFault> => {
  const { bucket, where, settings } = at;
  const text = await textOf(body).catch(() => "");
  const isAnonymous = settings.credentials.kind === "none";
  if (status === 401 && !isAnonymous) {
    const message = `${where}: the credentials are not taken; check ${settings.remedy}`;
    return new FetchFault("BAD_CREDENTIALS", message);
  }
  if (status === 401 || status === 403) {
    const message = isAnonymous
      ? `${where}: may not be read without credentials; set ${settings.remedy}`
      : `${where}: the credentials are taken, and may not read it; give them the role Storage Object Viewer on ${bucket}`;
    return new FetchFault("DENIED", message);
  }
  if (status === 404) return absence(text, at, isList);
  if (status === 412) {
    const message = `${where}: was changed while it was fetched`;
    return new FetchFault("CHANGED", message, { isPassing: true });
  }
  if (!isPassingStatus(status)) {
    const message = `${where}: ${settings.endpoint} answers ${status}; check the endpoint and the name of the bucket`;
    return new FetchFault("BAD_ANSWER", message);
  }
  const afterMs = retryAfterMs(headers["retry-after"]);
  return new FetchFault("UNREACHABLE", `${where}: the store answers ${status}: try again later`, {
    ...{ isPassing: true },
    ...(afterMs === undefined ? {} : { afterMs }),
  });
};

/** Asked for an object, a store says that as a rule; asked for a list, it is the bucket that is not there. */
const absence = (text: string, { where, bucket }: GcsWhere, isList: boolean): FetchFault => {
  if (!isList && !/bucket does not exist/i.test(text)) {
    return new FetchFault("NOT_FOUND", `${where}: there is no such key; check its name`);
  }
  const message = `${where}: there is no bucket "${bucket}"; check its name`;
  return new FetchFault("NO_BUCKET", message);
};
