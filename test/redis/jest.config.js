import base from "../../jest.config.js";

/** The tests with a real Redis server; run node test/redis/environment/main.ts first. @type {import('jest').Config} */
export default {
  ...base,
  rootDir: "../..",
  testMatch: ["<rootDir>/test/redis/**/*.redis.ts"],
  testTimeout: 120_000,
  maxWorkers: 1, // each file starts processes enough for a machine
};
