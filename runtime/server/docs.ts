import type { RestProtocol, RestRoute } from "../protocol/protocol.ts";
import type { HttpAnswer } from "./http.ts";
import { type Deployment, openApi } from "./openapi.ts";
import { pathOf } from "./routes.ts";

/** Answers below the protocol's path of documents: a page for people, and OpenAPI for machines. */
export type Docs = (target: string) => HttpAnswer;

const notFound: HttpAnswer = {
  status: 404,
  headers: ["Content-Type", "text/plain; charset=utf-8"],
  body: "404 page not found\n",
};

/** Source of the paths: engine contract, 1.5. */
export const makeDocs = ({ routes, docs }: RestProtocol, about: Deployment): Docs => {
  const text =
    docs === undefined ? "" : JSON.stringify(openApi(routes, docs.shapes, about), null, 4);
  const files = new Map<string, HttpAnswer>([["", page(routes, docs?.file ?? "", about)]]);
  files.set("index.html", files.get("") ?? notFound);
  if (docs !== undefined) {
    // JSON is YAML too.
    const type = docs.file.endsWith(".yaml") ? "application/yaml" : "application/json";
    files.set(docs.file, { status: 200, headers: ["Content-Type", type], body: text });
  }
  const bases = (docs?.paths ?? []).map((path) => path.replace("**", ""));
  return (target) => {
    const path = pathOf(target);
    const base = bases.find((one) => path.startsWith(one));
    return (base !== undefined && files.get(path.slice(base.length))) || notFound;
  };
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (
  routes: readonly RestRoute[],
  file: string,
  { namespace, deployment, predictor }: Deployment,
): HttpAnswer => {
  const title = `${escapeHtml(namespace)}/${escapeHtml(deployment)}: ${escapeHtml(predictor)}`;
  const rows = routes.map(
    ({ method, path }) => `<tr><td>${method}</td><td><code>${escapeHtml(path)}</code></td></tr>`,
  );
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:42rem}td{padding:.2rem 1rem .2rem 0}</style>
<h1>${title}</h1>
<p>An inference graph served by Espalier. The same as <a href="${file}">OpenAPI</a>.</p>
<table>${rows.join("\n")}</table>
</html>
`;
  return { status: 200, headers: ["Content-Type", "text/html; charset=utf-8"], body };
};
