/** Rows of texts and numbers, in the JSON forms that the protocols have for them. */
import type { Look } from "../node.ts";
import { unfit } from "../rows.ts";

export type Cells = {
  readonly width: number;
  readonly rows: readonly (readonly unknown[])[];
  readonly names: readonly string[];
};

type Loose = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Loose =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A vector is one row. Found in `data` of a SeldonMessage, the first tensor of the Open Inference
 * Protocol, and `instances` or `predictions` of TensorFlow Serving.
 *
 * @throws {EngineError} PAYLOAD_UNFIT for no rows, or rows of different widths.
 */
export const cellsOf = (node: string, look: Look): Cells => {
  const message = look.json();
  const found = isObject(message)
    ? (ofSeldon(message) ?? ofTensor(message) ?? ofServing(message))
    : undefined;
  if (found === undefined) throw unfit(node, "the payload holds no rows");
  const { values, names } = found;
  const rows = values.every(Array.isArray) ? values : [values];
  const width = rows[0]?.length ?? 0;
  if (rows.length === 0 || width === 0) throw unfit(node, "the payload holds no value at all");
  const odd = rows.findIndex((row) => row.length !== width);
  if (odd >= 0) {
    throw unfit(node, `row ${odd} has ${rows[odd]?.length} columns, row 0 has ${width}`);
  }
  return { width, rows, names };
};

type Found = { readonly values: readonly unknown[]; readonly names: readonly string[] };

const nameOf = (name: unknown): string => (typeof name === "string" ? name : "");

const ofSeldon = ({ data }: Loose): Found | undefined => {
  if (!isObject(data)) return undefined;
  const names = Array.isArray(data["names"]) ? data["names"].map(nameOf) : [];
  const { ndarray, tensor } = data;
  if (Array.isArray(ndarray)) return { values: ndarray, names };
  if (!isObject(tensor) || !Array.isArray(tensor["values"])) return undefined;
  return { values: inRows(tensor["values"], tensor["shape"]), names };
};

const ofTensor = ({ inputs, outputs }: Loose): Found | undefined => {
  const tensors: unknown = inputs ?? outputs;
  const first: unknown = Array.isArray(tensors) ? tensors[0] : undefined;
  if (!isObject(first) || !Array.isArray(first["data"])) return undefined;
  return { values: inRows(first["data"], first["shape"]), names: [] };
};

const ofServing = ({ instances, predictions }: Loose): Found | undefined => {
  const values = instances ?? predictions;
  return Array.isArray(values) ? { values, names: [] } : undefined;
};

/** Flat values as rows; those that are nested already stay as they are. */
const inRows = (values: readonly unknown[], shape: unknown): readonly unknown[] => {
  if (!Array.isArray(shape) || shape.length !== 2 || values.some(Array.isArray)) return values;
  const [count, width] = shape.map(Number);
  if (width === undefined || !(width >= 1) || count !== values.length / width) return values;
  return Array.from({ length: count }, (_, row) => values.slice(row * width, (row + 1) * width));
};
