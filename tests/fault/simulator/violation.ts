/** Something that a correct broker does not do. The simulation ends with it. */
export class Violation extends Error {
  /** Which promise was broken, in a few words that are the same for all cases of it. */
  readonly promise: string

  constructor(promise: string, details: string) {
    super(`${promise}: ${details}`)
    this.promise = promise
  }

  override get name(): string {
    return 'Violation'
  }
}
