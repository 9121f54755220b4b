import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { fetchCodes } from "../../local/fetch/fault.ts";
import { project } from "../local/harness.ts";

const read = (path: string): string => readFileSync(join(project, path), "utf8");

const page = read("docs/storage.md");
const folder = join(project, "local/fetch");
const sources = [...readdirSync(folder).map((name) => `local/fetch/${name}`), "bin/fetch.ts"]
  .map(read)
  .join("\n");

describe("docs/storage.md", () => {
  it("has every code of a fault, and no other", () => {
    const told = [...page.matchAll(/^\| `([A-Z_]+)` \| .* \| .* \|$/gm)].map(([, code]) => code);
    expect(told).toEqual([...fetchCodes]);
  });

  it("knows no code that is never given", () => {
    const given = (code: string): boolean => sources.split(`"${code}"`).length > 2;
    expect(fetchCodes.filter((code) => !given(code))).toEqual([]);
  });

  it("has every variable that is read, and no other", () => {
    const pattern =
      /\b((?:AWS|S3|ESPALIER_FETCH|GOOGLE|STORAGE)_[A-Z0-9_]*[A-Z0-9]|USE_SSL|SSL_CERT_FILE|RCLONE_(?:NO|CA|IGNORE)_[A-Z_]+)\b/g;
    const names = (text: string): readonly string[] =>
      [...new Set([...text.matchAll(pattern)].map(([name]) => name))].toSorted();
    expect(names(page)).toEqual(names(sources));
  });

  it("has every option of a remote that is read, and no other", () => {
    const settings = ["s3", "gcs"]
      .map((name) => read(`local/fetch/${name}-settings.ts`))
      .join("\n");
    const used = [...settings.matchAll(/\b(?:option|flag|variable)\("([A-Z0-9_]+)"/g)];
    const rows = [...page.matchAll(/^\| `(?:s3|google cloud storage)` \| (.*) \|$/gm)];
    const told = rows.flatMap(([, row = ""]) => [...row.matchAll(/`([A-Z0-9_]+)`/g)]);
    const unique = (all: readonly RegExpMatchArray[]) =>
      [...new Set(all.map(([, name]) => name))].toSorted();
    expect(unique(told)).toEqual(unique(used));
  });
});
