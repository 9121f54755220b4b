import base from "../../jest.config.js";

/** The tests on a real node; run by main.ts alone. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/node/**/*.node.ts"],
  testTimeout: 600_000,
  maxWorkers: 1, // they share one node
};
