import { describe, expect, it } from "@jest/globals";
import { protocols } from "../../../runtime/protocol/protocols.ts";
import { makeDocs } from "../../../runtime/server/docs.ts";

const about = { deployment: "<d>", namespace: "n&s", predictor: "p" };

describe.each([
  { protocol: "seldon", base: "/api/v1.0/doc/", file: "seldon.json" },
  { protocol: "v2", base: "/v2/docs/", file: "dataplane.yaml" },
])("makeDocs of $protocol", ({ protocol, base, file }) => {
  const rest = protocols[protocol]?.(1000).rest;
  if (rest === undefined) throw new Error("no such protocol");
  const { routes } = rest;
  const docs = makeDocs(rest, about);
  const api = JSON.parse(String(docs(base + file).body));

  it.each(["", "index.html", "?x=1"])("answers a page at %j", (path) => {
    const { status, headers, body } = docs(base + path);
    expect([status, headers]).toEqual([200, ["Content-Type", "text/html; charset=utf-8"]]);
    expect(String(body)).toContain("n&#38;s/&#60;d&#62;: p");
    expect(String(body)).not.toContain("<d>");
    for (const one of routes) expect(String(body)).toContain(one.path);
  });

  it("answers a target in absolute form", () => {
    expect(docs(`http://h:80${base}${file}?x=1`)).toEqual(docs(base + file));
  });

  it("describes every route for machines", () => {
    expect(docs(base + file).headers[1]).toMatch(/^application\/(json|yaml)$/);
    expect(api.openapi).toMatch(/^3\.0\./);
    expect(Object.keys(api.paths).sort()).toEqual(
      [...new Set(routes.map(({ path }) => path))].sort(),
    );
    for (const { path, method } of routes) {
      const operation = api.paths[path][method.toLowerCase()];
      expect(Object.keys(operation.responses)).toEqual(["200", "default"]);
      expect(operation.parameters !== undefined).toBe(path.includes("{unit}"));
    }
  });

  it("refers to nothing that it does not hold", () => {
    const references = [
      ...JSON.stringify(api).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
    ];
    expect(references.length).toBeGreaterThan(5);
    for (const [, name] of references) expect(api.components.schemas).toHaveProperty(name ?? "");
  });

  it.each(["x", "index.html/x", "..%2f", "x/", "x/index.html", `x/${file}`])(
    "has nothing at %s",
    (path) => {
      expect(docs(base + path).status).toBe(404);
    },
  );
});
