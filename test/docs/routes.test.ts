import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { grpcServices } from "../../operator/render/route/grpc-services.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const page = read("docs/routes.md");
const folder = "operator/render/route/";
const sources = [
  "api/gateway.ts",
  ...readdirSync(new URL(folder, root)).map((name) => folder + name),
].map(read);

/** What the renderer looks at; labels of ours are no annotations. */
const readAnnotations = sources
  .flatMap((text) => text.match(/"(seldon|espalier)\.io\/[-a-z]+"/g) ?? [])
  .map((quoted) => quoted.slice(1, -1));

const documented = [...page.matchAll(/^\| `((?:seldon|espalier)\.io\/[-a-z]+)` \|/gm)].map(
  ([, key]) => key,
);

describe("docs/routes.md", () => {
  it("lists every annotation that is read, and no other", () => {
    expect([...new Set(documented)].toSorted()).toEqual([...new Set(readAnnotations)].toSorted());
  });

  it("names the packages of the gRPC services", () => {
    const packages = grpcServices.map((service) => service.split(".")[0]);
    for (const name of new Set(packages.filter((each) => each !== "grpc"))) {
      expect(page).toContain(`\`${name}`);
    }
  });
});
