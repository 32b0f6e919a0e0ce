import type { ReceivedMessage } from '@curlew/client'

/** Messages of QoS 0 that wait while an application takes its time; nothing else could hold them back. */
const WAITING_MAX = 10_000

/** Hands messages on one at a time, as MQTT.js does: the next one when the last is done with, and only then is that acknowledged. */
export class Inbox {
  readonly #handle: (message: ReceivedMessage, done: (error?: Error | null) => void) => void
  readonly #waiting: ReceivedMessage[] = []
  #isBusy = false

  /** @param handle calls back when it is done; with an error the message is not acknowledged */
  constructor(handle: (message: ReceivedMessage, done: (error?: Error | null) => void) => void) {
    this.#handle = handle
  }

  push(message: ReceivedMessage): void {
    if (!this.#isBusy) return this.#run(message)
    if (message.qos === 0 && this.#waiting.length >= WAITING_MAX) return
    this.#waiting.push(message.keep())
  }

  #run(first: ReceivedMessage): void {
    for (let message: ReceivedMessage | undefined = first; message; message = this.#waiting.shift()) {
      const handled = message
      let isDone = false
      let isLater = false
      this.#isBusy = true
      this.#handle(handled, error => {
        if (isDone) return
        isDone = true
        this.#isBusy = false
        if (!error) handled.ack()
        const next = isLater ? this.#waiting.shift() : undefined
        if (next) this.#run(next)
      })
      isLater = true
      if (!isDone) return
    }
  }
}
