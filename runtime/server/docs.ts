import type { RestRoute } from "../protocol/protocol.ts";
import type { HttpAnswer } from "./http.ts";
import { type Deployment, openApi } from "./openapi.ts";

/** Answers below `/api/v1.0/doc/`: a page for people and `seldon.json` for machines. */
export type Docs = (target: string) => HttpAnswer;

const notFound: HttpAnswer = {
  status: 404,
  headers: ["Content-Type", "text/plain; charset=utf-8"],
  body: "404 page not found\n",
};

/** Source of the paths: engine contract, 1.5. */
export const makeDocs = (routes: readonly RestRoute[], about: Deployment): Docs => {
  const json: HttpAnswer = {
    status: 200,
    headers: ["Content-Type", "application/json"],
    body: JSON.stringify(openApi(routes, about), null, 4),
  };
  const html: HttpAnswer = {
    status: 200,
    headers: ["Content-Type", "text/html; charset=utf-8"],
    body: page(routes, about),
  };
  return (target) => {
    switch (target.split("?", 1)[0]?.split("/doc/")[1]) {
      case "":
      case "index.html":
        return html;
      case "seldon.json":
        return json;
      default:
        return notFound;
    }
  };
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (
  routes: readonly RestRoute[],
  { namespace, deployment, predictor }: Deployment,
): string => {
  const title = `${escapeHtml(namespace)}/${escapeHtml(deployment)}: ${escapeHtml(predictor)}`;
  const rows = routes.map(
    ({ method, path }) => `<tr><td>${method}</td><td><code>${escapeHtml(path)}</code></td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:42rem}td{padding:.2rem 1rem .2rem 0}</style>
<h1>${title}</h1>
<p>An inference graph served by Espalier. The same as <a href="seldon.json">OpenAPI</a>.</p>
<table>${rows.join("\n")}</table>
</html>
`;
};
