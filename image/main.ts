/**
 * Makes the images, or the root file system that the Dockerfile copies:
 *
 *     node image/main.ts archive FILE.tar
 *     node image/main.ts root-fs FOLDER
 */
import { mkdirSync } from "node:fs";
import { buildImages, project } from "./build.ts";
import { writePackages, writeProduct, writeRuntime } from "./root-fs.ts";

const [what, path] = process.argv.slice(2);

if (path !== undefined && what === "archive") {
  await buildImages({ path, compress: true });
} else if (path !== undefined && what === "root-fs") {
  mkdirSync(path, { recursive: true });
  writeRuntime(path, { libraries: false }); // the Dockerfile's base has them
  writePackages(path, project);
  writeProduct(path, project);
} else {
  process.stderr.write("usage: node image/main.ts archive FILE.tar | root-fs FOLDER\n");
  process.exitCode = 2;
}
