/** What `curlew` ends with. */
export const ExitCode = {
  Done: 0,
  /** The machine did not let us: a taken port, a folder that can not be written. */
  Failed: 1,
  /** What was asked for can not be: an unknown flag, a value out of its range. */
  Usage: 2,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Something that whoever typed the command can put right. It is shown without a stack. */
export class CommandError extends Error {
  /** An {@link ExitCode}; clients of a broker have others as well, such as that with which it refused. */
  readonly exitCode: number
  /** Lines to paste, or words on what to do; each is shown behind `Try:`. */
  readonly tries: readonly string[]

  /** @param message says what is wrong, one fault a line */
  constructor(exitCode: number, message: string, tries: readonly string[] = [], options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
    this.tries = tries
  }

  override get name(): string {
    return 'CommandError'
  }
}
