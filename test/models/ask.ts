/** What is read of an answer in either protocol. */
export type Answer = {
  readonly data: { readonly names: readonly string[]; readonly ndarray: readonly unknown[] };
  readonly outputs: readonly { readonly data: readonly unknown[] }[];
  readonly status: { readonly info: string };
};

export const post = async (
  url: string,
  body: object,
): Promise<{ readonly status: number; readonly json: Answer }> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Answer }; // each test looks
};
