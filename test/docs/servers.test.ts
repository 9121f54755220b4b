import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { serverImage } from "../../api/prepackaged.ts";
import { defaultSettings } from "../../api/settings.ts";

const page = readFileSync(new URL("../../docs/servers.md", import.meta.url), "utf8");

/** The cells of the table of servers, without their quotes. */
const rows = page
  .split("\n")
  .filter((line) => /^\| `[A-Z]+_SERVER`/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );

describe("docs/servers.md", () => {
  it("lists every server with its images, and no other", () => {
    const images = (implementation: string) =>
      (["seldon", "v2", "tensorflow"] as const).map(
        (protocol) => serverImage(defaultSettings, implementation, protocol) ?? "",
      );
    const servers = Object.keys(defaultSettings.predictorServers);
    expect(rows.toSorted()).toEqual(servers.map((name) => [name, ...images(name)]).toSorted());
  });

  it("names the image that fetches models", () => {
    expect(page).toContain(`\`${defaultSettings.storageInitializer.image}\``);
  });

  it("names the keys of secrets and the port that the engine has", () => {
    const { s3SecretAccessKeyName, gcsCredentialFileName } = defaultSettings.credentials;
    const { engineMetricsPort } = defaultSettings;
    for (const word of [s3SecretAccessKeyName, gcsCredentialFileName, `port ${engineMetricsPort}`])
      expect(page).toContain(word);
  });
});
