import type { Model } from "./user.ts";

/** What a method that the model does not have returned. */
export const absent = Symbol("absent");

/** Calls a method of the model, on the model; `absent` if it has none or it says so. */
export const call = async (
  model: Model,
  name: keyof Model,
  args: readonly unknown[],
): Promise<unknown> => {
  const method: unknown = model[name];
  if (typeof method !== "function") return absent;
  try {
    return await Reflect.apply(method, model, args);
  } catch (thrown) {
    // by name: the class may come from another copy of this package
    if (thrown instanceof Error && thrown.name === "NotImplemented") return absent;
    throw thrown;
  }
};
