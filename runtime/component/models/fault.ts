/**
 * What is wrong with a model's file, and in which of its fields. Thrown while the file is read;
 * `load.ts` makes an issue of it that names the file.
 */
export class ModelFault extends Error {
  override readonly name = "ModelFault";
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
