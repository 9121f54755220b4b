import base from "../../jest.config.js";

/** The tests with real stores; run node test/storage/environment/main.ts first. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/storage/**/*.storage.ts"],
  testTimeout: 120_000,
  maxWorkers: 1, // each test starts processes enough for a machine
};
