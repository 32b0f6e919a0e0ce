import { onAbort } from './error.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { PublishResult } from './publish-options.ts'
import type { Publisher } from './publisher.ts'
import { quiet } from './rejections.ts'

/** Publishes a message. @returns how its delivery ends @throws what `Publisher.publish` throws */
export function publishPromise(
  publisher: Publisher,
  message: OutgoingMessage,
  signal: AbortSignal | undefined,
): Promise<PublishResult> {
  const promise = new Promise<PublishResult>((resolve, reject) => {
    message.settle = (error, result) => {
      if (!error) return resolve(result!)
      reject(error)
      quiet(promise)
    }
  })
  publisher.publish(message)
  if (signal) endOnAbort(publisher, message, signal)
  return promise
}

/** Has the signal take a message back and end it for its caller. A function of its own, as few publish with a signal. */
function endOnAbort(publisher: Publisher, message: OutgoingMessage, signal: AbortSignal): void {
  const { settle } = message
  if (!settle) return
  const unlisten = onAbort(signal, error => {
    publisher.cancel(message)
    settle(error, undefined)
  })
  message.settle = (error, result) => {
    unlisten()
    settle(error, result)
  }
}
