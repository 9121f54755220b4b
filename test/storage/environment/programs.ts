/** Servers of models: one that speaks S3, and one that stands in for Google's. */
import type { GoProgram } from "../../peers/environment/go-program.ts";

/** A real one, which keeps objects as files. */
export const s3Program: GoProgram = {
  ...{ area: "storage", name: "versitygw", version: "v1.8.0" },
  module: "github.com/versity/versitygw/cmd/versitygw",
  ...{ probe: ["--version"], probeCode: 0 },
};

/** An emulator: Google Cloud Storage runs nowhere else. */
export const gcsProgram: GoProgram = {
  ...{ area: "storage", name: "fake-gcs-server", version: "v1.56.1" },
  module: "github.com/fsouza/fake-gcs-server",
  ...{ probe: ["-help"], probeCode: 0 },
};
