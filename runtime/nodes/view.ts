/**
 * The numbers of a payload, whatever protocol carried them. Built-in nodes see this and never bytes.
 *
 * `values` are row-major and hold the product of `shape`; `names` are those of the columns, if given.
 */
export type NumericView = {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly names: readonly string[];
};
