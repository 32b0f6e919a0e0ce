/** A rejection that nobody waits for must not end the process: what a Server refuses is no fault of the program. */
export function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {})
  return promise
}
