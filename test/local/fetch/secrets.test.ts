import { describe, expect, it } from "@jest/globals";
import { redacted } from "../../../local/fetch/secrets.ts";

describe("redacted", () => {
  it("leaves out what secrets hold, and passwords in URLs", () => {
    const env = {
      ...{ AWS_SECRET_ACCESS_KEY: "abcdefgh", RCLONE_CONFIG_X_SESSION_TOKEN: "abcdefghij" },
      ...{ GOOGLE_APPLICATION_CREDENTIALS: "/var/secrets/key", ANOTHER_SECRET: "no" },
    };
    const text = "abcdefgh abcdefghij /var/secrets/key no https://me:pass@host";
    expect(redacted(text, env)).toBe("*** *** /var/secrets/key no https://me:***@host");
  });
});
