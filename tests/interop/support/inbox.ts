import { within } from './bounded-wait.ts'

export type QoS = 0 | 1 | 2

/** The properties of MQTT 5.0 that travel with an Application Message from one end to the other. */
export interface MessageProperties {
  contentType: string
  responseTopic: string
  correlationData: Buffer
  userProperties: readonly (readonly [name: string, value: string])[]
}

/** An Application Message as a client handed it to its user. `'unknown'` is what the client does not tell. */
export interface ReceivedMessage {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean | 'unknown'
  readonly properties?: MessageProperties | undefined
}

/** Everything one client has received, in order of arrival, with waits that end in an explanation. */
export class Inbox {
  readonly messages: ReceivedMessage[] = []
  readonly #waiting = new Set<() => void>()
  readonly #listeners: ((message: ReceivedMessage) => void)[] = []

  push(message: ReceivedMessage): void {
    this.messages.push(message)
    for (const listener of this.#listeners) listener(message)
    for (const check of this.#waiting) check()
  }

  /** Calls `listener` with every message to come. */
  each(listener: (message: ReceivedMessage) => void): void {
    this.#listeners.push(listener)
  }

  /** The first message, past or future, or the one of another `rank`, with this Topic Name and this payload, if given. */
  async message(topic: string, payload?: string | Buffer, rank = 1): Promise<ReceivedMessage> {
    const wanted = payload === undefined ? undefined : Buffer.from(payload)
    const matches = (message: ReceivedMessage) =>
      message.topic === topic && (wanted === undefined || message.payload.equals(wanted))
    const what = `${rank === 1 ? 'a' : `the ${rank}.`} message on ${topic}${payload === undefined ? '' : ` with payload ${preview(payload)}`}`
    await this.#until(() => this.messages.filter(matches).length >= rank, what)
    return this.messages.filter(matches)[rank - 1]!
  }

  /** Resolves once `count` messages are here in all. */
  async count(count: number): Promise<readonly ReceivedMessage[]> {
    await this.#until(() => this.messages.length >= count, `${count} messages`)
    return this.messages
  }

  /** The payloads received on one Topic Name, as text. */
  texts(topic: string): string[] {
    return this.messages.filter(message => message.topic === topic).map(message => message.payload.toString())
  }

  async #until(isReached: () => boolean, what: string): Promise<void> {
    if (isReached()) return
    let check = () => {}
    const reached = new Promise<void>(resolve => {
      check = () => {
        if (isReached()) resolve()
      }
    })
    this.#waiting.add(check)
    try {
      await within(reached, () => `${what}; received so far: ${this.#summary()}`)
    } finally {
      this.#waiting.delete(check)
    }
  }

  #summary(): string {
    if (this.messages.length === 0) return 'nothing'
    const last = this.messages.slice(-10).map(message => `${message.topic}=${preview(message.payload)}`)
    return `${this.messages.length} messages, the last of them ${last.join(', ')}`
  }
}

function preview(payload: string | Buffer): string {
  if (payload.length > 60) return `<${payload.length} bytes>`
  return JSON.stringify(payload.toString())
}
