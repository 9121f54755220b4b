import base from "../../jest.config.js";

/** Run node test/interop/environment/main.ts first. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/interop/**/*.interop.ts"],
  testTimeout: 120_000,
  maxWorkers: 1, // each file starts processes enough for a machine
};
