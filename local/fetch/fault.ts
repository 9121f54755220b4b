/** Why a model could not be fetched, in words for people. */
export class FetchFault extends Error {
  override readonly name = "FetchFault";
  /** HTTP status, where a server answered. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}
