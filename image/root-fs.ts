/** The root file system of the images: a folder in, its files written. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { command, root, user, workFolder } from "./images.ts";
import { isOfUse, productionPackages } from "./packages.ts";

/** The lowest layer: what changes when Node.js does. */
export const writeRuntime = (into: string, { libraries }: { libraries: boolean }): void => {
  const node = join(into, "usr/local/bin/node");
  copy(process.execPath, node);
  chmodSync(node, 0o755);
  if (libraries) for (const path of librariesOf(process.execPath)) copy(path, join(into, path));
  write(into, "etc/passwd", `root:x:0:0::/:/sbin/nologin\n${account}:/tmp:/sbin/nologin\n`);
  write(into, "etc/group", `root:x:0:\nespalier:x:${user}:\n`);
  write(into, "etc/nsswitch.conf", "hosts: files dns\n");
  mkdirSync(join(into, "tmp"), { recursive: true });
  chmodSync(join(into, "tmp"), 0o1777);
  mkdirSync(join(into, workFolder));
};

const account = `espalier:x:${user}:${user}:`;

/** The layer that changes with the lockfile. */
export const writePackages = (into: string, project: string): void => {
  for (const { path } of productionPackages(project)) {
    const from = join(project, path);
    cpSync(from, join(into, root, path), {
      recursive: true,
      filter: (one) =>
        !one.slice(from.length).startsWith("/node_modules") &&
        (statSync(one).isDirectory() || isOfUse(one)),
    });
  }
};

/** The layer that changes with our code: compiled, as the published package has it. */
export const writeProduct = (into: string, project: string): void => {
  const home = join(into, root);
  mkdirSync(home, { recursive: true });
  execFileSync(
    process.execPath,
    [
      join(project, "node_modules/typescript/bin/tsc"),
      ...["--project", join(project, "tsconfig.build.json"), "--outDir", join(home, "dist")],
      ...["--declaration", "false"],
    ],
    { cwd: project, stdio: ["ignore", "inherit", "inherit"] },
  );
  const proto = "runtime/protocol/proto";
  cpSync(join(project, proto), join(home, "dist", proto), { recursive: true });
  for (const file of ["package.json", "LICENSE"]) copy(join(project, file), join(home, file));
  write(into, command, `#!/usr/local/bin/node\nimport("${root}/dist/bin/main.js");\n`);
  chmodSync(join(into, command), 0o755);
  // `import ... from "espalier/component"` in a user's class, wherever it is
  mkdirSync(join(into, "node_modules"));
  symlinkSync(root, join(into, "node_modules/espalier"));
};

/** With the loader. Source: ldd(1). */
const librariesOf = (program: string): readonly string[] =>
  execFileSync("ldd", [program], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => /(?:=> |^\s*)(\/\S+) \(/.exec(line)?.[1] ?? []);

const copy = (from: string, to: string): void => {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(realpathSync(from), to);
};

const write = (into: string, path: string, text: string): void => {
  const file = join(into, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
