/** Plain HTTP to engines and containers. */

export type Asked = {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON of the answer, or its text where it is none. */
  readonly body: unknown;
};

const read = async (response: Response): Promise<Asked> => {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const postJson = async (
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Asked> =>
  read(
    await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );

/** Multipart (FormData) or urlencoded (URLSearchParams). */
export const postForm = async (url: string, form: FormData | URLSearchParams): Promise<Asked> =>
  read(await fetch(url, { method: "POST", body: form }));

/** Any request; like `fetch`. */
export const ask = async (url: string, init: RequestInit = {}): Promise<Asked> =>
  read(await fetch(url, init));

export const get = (url: string): Promise<Asked> => ask(url);
