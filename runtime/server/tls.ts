/** Certificates for both listeners, read at start and again when their files change. */
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";

export type TlsFiles = {
  readonly certificate: string;
  readonly key: string;
  /** Certificates of the authorities that clients must be certified by; undefined asks for none. */
  readonly clientAuthorities: string | undefined;
};

export type TlsMaterial = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
  readonly requestCert?: boolean;
  readonly rejectUnauthorized?: boolean;
};

/** Something that takes a new certificate while it listens: a TLS server of Node.js. */
export type Renewable = { setSecureContext(material: TlsMaterial): void };

export type Tls = {
  readonly material: TlsMaterial;
  /** Hands new certificates to the servers as the files change; `report` hears of each. */
  renew(servers: readonly Renewable[], report: (error: Error | undefined) => void): void;
  close(): void;
};

/** A Secret's files are replaced one after the other; they are read when it has been quiet so long. */
const settleMs = 500;

/** @throws {Error} naming the file, when one cannot be read, or the two do not belong together. */
export const openTls = (files: TlsFiles): Tls => {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  return {
    material: readMaterial(files),
    renew: (servers, report) => {
      const reload = (): void => {
        try {
          const material = readMaterial(files);
          for (const server of servers) server.setSecureContext(material);
          report(undefined);
        } catch (error) {
          report(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const folders = new Set([files.certificate, files.key].map((file) => dirname(file)));
      for (const folder of folders) {
        const watcher = watch(folder, { persistent: false }, () => {
          clearTimeout(timer);
          timer = setTimeout(reload, settleMs);
          timer.unref();
        });
        watcher.on("error", report);
        watchers.push(watcher);
      }
    },
    close: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
};

const readMaterial = ({ certificate, key, clientAuthorities }: TlsFiles): TlsMaterial => {
  const material = {
    cert: read(certificate),
    key: read(key),
    ...(clientAuthorities !== undefined && {
      ca: read(clientAuthorities),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
  try {
    createSecureContext(material);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`certificate ${certificate} and key ${key} cannot be used: ${why}`, { cause });
  }
  return material;
};

const read = (file: string): Buffer => {
  try {
    return readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException; // what readFileSync throws
    throw new Error(`cannot read ${file} (${code})`, { cause });
  }
};
