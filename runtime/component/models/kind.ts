/** What a file is, by what it begins with; its name says nothing. */
import { isObject } from "../message.ts";
import { ModelFault } from "./fault.ts";

export type Kind = "json" | "lightgbm" | "onnx";

type Other = { readonly begins: RegExp; readonly message: string };

const exporting =
  "write it anew with tools/export_model.py (scikit-learn), as ONNX, or in the JSON or text form of its library";

/** Files that people take for such models, by their first bytes in hex, with what to do instead. */
const others: readonly Other[] = [
  // UBJSON: the marker of an object and that of a length, where JSON has a blank or a quote
  {
    begins: /^7b(69|49|6c|4c|55)/,
    message: 'is XGBoost\'s binary JSON: save it as JSON, booster.save_model("model.json")',
  },
  {
    begins: /^62696e66/,
    message: 'is of XGBoost\'s old binary form: save it as JSON, booster.save_model("model.json")',
  },
  { begins: /^800[2-5]/, message: `is a Python pickle, which would run code: ${exporting}` },
  {
    begins: /^504b0304/,
    message: `is a zip archive, and no model that is served here: ${exporting}`,
  },
  { begins: /^(1f8b|425a68|fd377a58|28b52ffd)/, message: "is compressed: unpack it first" },
  { begins: /^89484446/, message: "is an HDF5 file, as of Keras: convert it to ONNX with tf2onnx" },
  {
    begins: /^(efbbbf)?((20|09|0a|0d)*)3c(3f786d6c|504d4d4c)/,
    message: `is XML; PMML is not served here: ${exporting}`,
  },
  { begins: /^(20|09|0a|0d)*$/, message: "is empty" },
];

/** The first that fits; a brace or bracket, `tree`, the version of the format of ONNX as field 1. */
const served: readonly (readonly [RegExp, Kind])[] = [
  [/^(efbbbf)?(20|09|0a|0d)*(7b|5b)/, "json"],
  [/^(efbbbf)?74726565(0d)?0a/, "lightgbm"],
  [/^08(0[1-9a-f]|1[0-9a-f])/, "onnx"],
];

export const sniffed = 64;

/** @throws {ModelFault} for what is no model that is served, saying what it is. */
export const kindOf = (bytes: Uint8Array): Kind => {
  const start = Buffer.from(bytes.subarray(0, sniffed)).toString("hex");
  const other = others.find(({ begins }) => begins.test(start));
  if (other !== undefined) throw new ModelFault("", other.message);
  const found = served.find(([begins]) => begins.test(start));
  if (found !== undefined) return found[1];
  throw new ModelFault("", `is no model that is served here: ${exporting}`);
};

export type JsonKind = "xgboost" | "espalier";

/** Of the forms that are JSON. */
export const jsonKindOf = (value: unknown): JsonKind => {
  if (isObject(value)) {
    if ("espalier" in value) return "espalier";
    if ("learner" in value) return "xgboost";
    if ("tree_info" in value) {
      throw new ModelFault("", 'is what LightGBM dumps: save it, booster.save_model("model.txt")');
    }
  }
  if (Array.isArray(value) && isObject(value[0]) && "nodeid" in value[0]) {
    throw new ModelFault("", 'is what XGBoost dumps: save it, booster.save_model("model.json")');
  }
  throw new ModelFault(
    "",
    "is JSON, and neither a model of XGBoost (it has no learner) nor of Espalier (it has no espalier)",
  );
};
