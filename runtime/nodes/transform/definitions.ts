import { transformers } from "../../../api/built-ins/transformers.ts";
import { type Definition, define } from "../definition.ts";
import { makeOneHot } from "./one-hot.ts";
import { makeMinMaxScaler, makeStandardScaler } from "./scalers.ts";
import { makeValidator } from "./validator.ts";

export const featureTransformers: Readonly<Record<keyof typeof transformers, Definition>> = {
  STANDARD_SCALER: define(transformers.STANDARD_SCALER, makeStandardScaler),
  MIN_MAX_SCALER: define(transformers.MIN_MAX_SCALER, makeMinMaxScaler),
  ONE_HOT_ENCODER: define(transformers.ONE_HOT_ENCODER, makeOneHot),
  SCHEMA_VALIDATOR: define(transformers.SCHEMA_VALIDATOR, makeValidator),
};
