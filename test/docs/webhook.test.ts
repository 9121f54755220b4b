import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { defaultSettings } from "../../api/settings.ts";
import { checkMs } from "../../operator/admission/admission.ts";
import { maxCauses, maxWarningChars, maxWarningsChars } from "../../operator/admission/answer.ts";
import { maxBodyBytes, maxHeldBytes } from "../../operator/admission/body.ts";
import { secretName } from "../../operator/admission/certificate-secret.ts";
import { authorityLifeMs, servingLifeMs } from "../../operator/admission/issue.ts";
import { settleMs } from "../../operator/admission/keyring.ts";
import { review } from "../../operator/admission/review.ts";
import {
  configurationName,
  serverNames,
  webhookName,
} from "../../operator/admission/webhook-configuration.ts";
import { project } from "../local/harness.ts";
import { asking } from "../operator/admission/asked.ts";
import { example, page, printed, roles } from "./webhook.ts";

const dayMs = 24 * 3_600_000;

describe("docs/webhook.md", () => {
  it("shows a refusal as kubectl prints it", () => {
    const reviewed = review(asking(example), defaultSettings);
    if (!reviewed.ok) throw new Error("no answer");
    const { status, warnings = [] } = reviewed.value.response;
    const causes = status?.details.causes ?? [];
    expect(printed.split("\n")).toEqual([
      ...warnings.map((warning) => `Warning: ${warning}`),
      `The SeldonDeployment "iris" is invalid: `,
      ...causes.map(({ field, message }) => `* ${field}: ${message}`),
      "",
    ]);
  });

  it.each([
    `\`${secretName}\``,
    `\`${webhookName}`.replace("`", '"'),
    configurationName("seldon-system"),
    configurationName("<namespace of the operator>"),
    `\`${serverNames("<namespace>")[1]}\``,
    `${maxWarningChars} characters each, ${maxWarningsChars} together`,
    `${maxCauses} faults at most`,
    `| certificate | ${servingLifeMs / dayMs} days |`,
    `| authority | ${authorityLifeMs / dayMs / 365} years |`,
    `every ${checkMs / 1000} seconds`,
    `reviews of ${maxBodyBytes / 2 ** 20} MiB`,
    `${maxHeldBytes / 2 ** 20} MiB of reviews at a time`,
  ])("says %s, as the code does", (words) => {
    expect(page.replace(/\s+/g, " ")).toContain(words);
  });

  it("says when a new authority is trusted, as the code does", () => {
    expect(settleMs).toBe(dayMs);
    expect(page).toContain("a day before the first certificate of it is served");
  });

  it("names settings of the operator", () => {
    const variables = readFileSync(join(project, "operator/variables.ts"), "utf8");
    const named = [...page.matchAll(/ESPALIER_[A-Z_]+/g)].map(([name]) => name);
    expect(named).not.toHaveLength(0);
    for (const name of new Set(named)) expect(variables).toContain(`${name}:`);
  });

  it("has the roles that the operator is tested with on a real API server", () => {
    expect(roles("seldon-system").map(({ kind }) => kind)).toEqual([
      "Role",
      "ClusterRole",
      "Role",
      "ClusterRole",
    ]);
  });
});
