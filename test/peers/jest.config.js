import base from "../../jest.config.js";

/** The tests against real peers; run node test/peers/environment/main.ts first. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/{peers,models}/**/*.peer.ts"],
  testTimeout: 120_000,
  maxWorkers: 1, // each file starts processes enough for a machine
};
