import type { Node } from "./node.ts";
import { kindOf } from "./plain.ts";

/** A scalar as it should be, and what is wrong with the one that was given, if anything is. */
type Reading = { readonly sound: string | number | boolean; readonly fault?: string };

type ScalarNode = Extract<
  Node,
  { readonly is: "int" | "string" | "bool" | "quantity" | "intOrString" | "any" }
>;

export const readScalar = (value: unknown, node: ScalarNode): Reading => {
  switch (node.is) {
    case "string":
    case "any":
      return readString(value);
    case "bool":
      return readBool(value);
    case "int":
      return readInt(value, node.minimum, node.maximum);
    case "intOrString":
      return Number.isInteger(value) || typeof value === "string"
        ? { sound: value as number | string } // the condition says so; isInteger is no type guard
        : { sound: "", fault: `must be a whole number or a string, is ${kindOf(value)}` };
    case "quantity":
      return readQuantity(value);
  }
};

const readString = (value: unknown): Reading => {
  if (typeof value === "string") return { sound: value };
  if (typeof value === "number")
    return {
      sound: String(value),
      fault: `must be a string, is the number ${value}; write "${value}" in quotes`,
    };
  if (typeof value === "boolean")
    return {
      sound: String(value),
      fault:
        `must be a string, is the boolean ${value}; write "${value}" in quotes ` +
        "(unquoted, YAML reads yes, no, on, off, y and n as booleans too)",
    };
  return { sound: "", fault: `must be a string, is ${kindOf(value)}` };
};

const readBool = (value: unknown): Reading => {
  if (typeof value === "boolean") return { sound: value };
  if (value === "true" || value === "false") {
    const fault = `must be a boolean, is the string "${value}"; write ${value} without quotes`;
    return { sound: value === "true", fault };
  }
  return { sound: false, fault: `must be true or false, is ${kindOf(value)}` };
};

const readInt = (value: unknown, minimum: number, maximum: number): Reading => {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) {
    const sound = Math.max(0, minimum);
    return { sound, fault: `must be a whole number, is ${kindOf(value)}` };
  }
  if (number < minimum)
    return { sound: minimum, fault: `must be at least ${minimum}, is ${number}` };
  if (number > maximum)
    return { sound: maximum, fault: `must be at most ${maximum}, is ${number}` };
  if (typeof value === "number") return { sound: value };
  const fault = `must be a number, is ${kindOf(value)}; write ${number} without quotes`;
  return { sound: number, fault };
};

/** Source: Kubernetes API conventions, resource.Quantity. */
const quantity = /^[+-]?(\d+\.?\d*|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;

export const isQuantity = (text: string): boolean => quantity.test(text);

const readQuantity = (value: unknown): Reading => {
  const text = typeof value === "number" || typeof value === "string" ? value : "";
  if (isQuantity(String(text))) return { sound: text };
  const fault = `must be a quantity such as 500m, 0.5, 512Mi or 1Gi, is ${kindOf(value)}`;
  return { sound: text, fault };
};
