import base from "../../jest.config.js";

/** The tests on a real control plane; run node test/cluster/environment/main.ts first. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/cluster/**/*.cluster.ts"],
  globalSetup: "<rootDir>/test/cluster/global-setup.js",
  globalTeardown: "<rootDir>/test/cluster/global-teardown.js",
  // A machine at a fifth of the speed of ours needs most of it to start a control plane.
  testTimeout: 240_000,
  maxWorkers: 1, // they share one API server, and two cores
};
