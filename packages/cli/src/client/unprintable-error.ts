/** A payload is not what `%J` or `--format` says it is. */
export class UnprintableError extends Error {
  /** What is printed all the same. */
  readonly printable: Buffer

  constructor(message: string, printable: Buffer, cause: unknown) {
    super(message, { cause })
    this.printable = printable
  }

  override get name(): string {
    return 'UnprintableError'
  }
}
