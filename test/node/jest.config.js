import base from "../../jest.config.js";

/** The tests on a real node; run by main.ts alone. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/node/**/*.node.ts"],
  globalSetup: "<rootDir>/test/node/global-setup.js",
  globalTeardown: "<rootDir>/test/node/global-teardown.js",
  testTimeout: 600_000,
  maxWorkers: 1, // they share one node
};
