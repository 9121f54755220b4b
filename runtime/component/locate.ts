/** Finds the file that MODULE names. Source: engine contract, 11.7 (Module.Class), and the forms of our own. */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { failure, type Result, success } from "../../api/result.ts";

export type Located = {
  readonly file: string;
  /** The export to serve, where MODULE names one. */
  readonly className: string | undefined;
};

/** Of files of code. */
export const extensions: readonly string[] = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];

/**
 * MODULE is a file, with or without its extension, and after `:` or `.` the name of a class in it:
 * `model.ts`, `model.ts:Wine`, `model.Wine`, `model`.
 */
export const locate = (module: string, folder: string): Result<Located> => {
  // "." and "models/" are folders: no ending makes a file of them
  const whole = /(?:^|\/)\.{0,2}$/.test(module) ? undefined : fileAt(resolve(folder, module));
  if (whole !== undefined) return success({ file: whole, className: undefined });
  for (const separator of [":", "."]) {
    const at = module.lastIndexOf(separator);
    const className = module.slice(at + 1);
    if (at <= 0 || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(className)) continue;
    const file = fileAt(resolve(folder, module.slice(0, at)));
    if (file !== undefined) return success({ file, className });
  }
  return failure([{ path: module, message: absenceOf(resolve(folder, module)) }]);
};

const fileAt = (path: string): string | undefined =>
  ["", ...extensions].map((extension) => path + extension).find((each) => kindAt(each) === "file");

const kindAt = (path: string): "file" | "folder" | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? "folder" : "file";
};

const absenceOf = (path: string): string => {
  if (kindAt(path) === "folder") {
    return `${path} is a folder without a stored model: name the file in it that has the class`;
  }
  return kindAt(dirname(path)) === "folder"
    ? `there is no file ${path}, nor with any of the endings ${extensions.join(" ")}`
    : `there is no folder ${dirname(path)}`;
};
