import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { environment, images, user, workFolder } from "../../image/images.ts";

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The instructions of each stage, by its name. */
const stages = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(/^FROM \S+ AS /m)
      .slice(1)
      .map((stage) => {
        const end = stage.indexOf("\n");
        return [stage.slice(0, end), stage.slice(end + 1)];
      }),
  );

const dockerfile = stages(read("image/Dockerfile"));

describe("the Dockerfile", () => {
  it.each(Object.values(images))("starts $name as the archive does", ({ target, entrypoint }) => {
    const words = `ENTRYPOINT [${entrypoint.map((word) => `"${word}"`).join(", ")}]`;
    expect(dockerfile.get(target)).toContain(words);
  });

  it("makes the product where no target is named", () => {
    expect([...dockerfile.keys()].at(-1)).toBe(images.espalier.target);
  });

  it("has the user, the folder and the environment of the archive", () => {
    const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const lines = [`ENV ${words.join(" ")}`, `WORKDIR ${workFolder}`, `USER ${user}:${user}`];
    expect(dockerfile.get("root-fs")).toContain(lines.join("\n"));
  });

  it("has the Node.js that is pinned", () => {
    const { devDependencies }: { devDependencies: { node: string } } = JSON.parse(
      read("package.json"),
    );
    expect(read("image/Dockerfile")).toContain(`FROM node:${devDependencies.node}-`);
  });
});
