import { type ClientError, onAbort } from './error.ts'
import type { PublishResult } from './publish-options.ts'
import { quiet } from './rejections.ts'

/** Tells how a delivery ended. */
type Settle = (error: ClientError | undefined, result?: PublishResult) => void

/**
 * The promise of `publish`, of what calls back.
 *
 * @param send calls back once, perhaps at once, and returns what takes the message back
 * @throws what `send` throws
 */
export function publishPromise(
  send: (settle: Settle) => () => void,
  signal: AbortSignal | undefined,
): Promise<PublishResult> {
  let resolve!: (result: PublishResult) => void
  let reject!: (error: ClientError) => void
  const promise = new Promise<PublishResult>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  let isSettled = false
  let unlisten = (): void => {}
  const settle: Settle = (error, result) => {
    isSettled = true
    unlisten()
    if (!error) return resolve(result!)
    reject(error)
    quiet(promise)
  }
  const cancel = send(settle)
  if (signal && !isSettled) {
    unlisten = onAbort(signal, error => {
      cancel()
      settle(error)
    })
  }
  return promise
}
