/** grpcurl, built from its Go module where there is Go. */
import type { Env } from "./cache.ts";
import { type GoProgram, goProgramPath, prepareGoProgram } from "./go-program.ts";

const program: GoProgram = {
  ...{ area: "peers", name: "grpcurl", version: "v1.9.3" },
  module: "github.com/fullstorydev/grpcurl/cmd/grpcurl",
  ...{ probe: ["-version"], probeCode: 0 },
};

/** Where the command is once it is built. */
export const grpcurlPath = (env: Env): string => goProgramPath(program, env);

/** Builds it unless it is there and works; undefined where there is no Go. */
export const prepareGrpcurl = (
  env: Env,
  say: (line: string) => void,
): Promise<string | undefined> => prepareGoProgram(program, env, say);
