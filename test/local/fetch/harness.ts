/** A folder to fetch into, and a server that answers as a test says. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { FetchFault } from "../../../local/fetch/fault.ts";
import { type FetchOptions, fetchModel } from "../../../local/fetch/fetch.ts";
import { usualPatience } from "../../../local/fetch/retry.ts";

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** Fails at once, or after pauses that are hardly any. */
export const patience = { ...usualPatience, attempts: 4, firstPauseMs: 1, longestPauseMs: 2 };

/** Longer than a request takes to arrive where a machine pauses in between. */
export const silentMs = 500;

export const limits = { maxBytes: 4_000_000, maxFiles: 3, timeoutMs: 20_000, parallel: 2 };

/** What is wrong, by its code; the sentence beside it. */
export const faultOf = async (
  done: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string }> => {
  try {
    await done;
  } catch (thrown) {
    if (thrown instanceof FetchFault) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
  throw new Error("it was fetched");
};

export const fetching = () => {
  let server: Server;
  const state = {
    folder: "",
    url: "",
    warnings: [] as string[],
    asked: [] as IncomingMessage[],
    answer: ((_request, response) => response.writeHead(404).end()) as Answering,
  };
  beforeEach(async () => {
    state.folder = mkdtempSync(join(tmpdir(), "espalier-fetch-"));
    state.warnings = [];
    state.asked = [];
    state.answer = (_request, response) => response.writeHead(404).end();
    server = createServer((request, response) => {
      state.asked.push(request);
      state.answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(state.folder, { recursive: true });
  });
  return {
    state,
    /** What is in the folder, hidden or not. */
    files: (): readonly string[] => readdirSync(state.folder).toSorted(),
    fetched: (uri: string, over: Partial<FetchOptions> = {}) =>
      fetchModel({
        ...{ uri, folder: state.folder, limits, patience, env: {} },
        warn: (sentence) => state.warnings.push(sentence),
        ...over,
      }),
  };
};
