/**
 * A certificate that others keep: the chart, or cert-manager, in a Secret mounted as files.
 *
 * Source: operator contract, 9.4.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CertificateSource } from "./certificate.ts";

/**
 * Reads `tls.crt`, `tls.key` and, if it is there, `ca.crt`.
 *
 * @throws {Error} naming the file that cannot be read.
 */
export const makeFileSource =
  (folder: string): CertificateSource =>
  async () => {
    const [certificate, key, authorities] = await Promise.all([
      read(join(folder, "tls.crt")),
      read(join(folder, "tls.key")),
      readIfThere(join(folder, "ca.crt")),
    ]);
    return { serving: { certificate, key }, authorities };
  };

const read = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new Error(
      `cannot read ${file} (${codeOf(cause)}); mount the certificate's Secret there`,
      {
        cause,
      },
    );
  }
};

const readIfThere = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined; // who serves does not need it
  }
};

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code); // what readFile throws
