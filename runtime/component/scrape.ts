import type { Registry } from "prom-client";
import type { Answerer } from "../server/http.ts";

/** Answers `GET path` with all metrics of the registry. Source: engine contract, 11.1 and 11.8. */
export const makeScrapeHandler =
  (registry: Registry, path: string): Answerer =>
  async ({ method, target }) => {
    const plain = ["Content-Type", "text/plain; charset=utf-8"];
    if (target.split("?", 1)[0] !== path) {
      return { status: 404, headers: plain, body: `metrics are at ${path}\n` };
    }
    if (method !== "GET" && method !== "HEAD") {
      return { status: 405, headers: [...plain, "Allow", "GET"], body: "use GET\n" };
    }
    const body = await registry.metrics();
    return { status: 200, headers: ["Content-Type", registry.contentType], body };
  };
