import { isTopicFilter, type QoS, ReasonCode, type RetainHandling, type UserProperty } from '@curlew/codec'
import { argumentError, ClientError, onAbort } from './error.ts'
import { Fifo } from './fifo.ts'
import type { ReceivedMessage } from './message.ts'

/** Calls that receive a Subscription's messages in place of iteration. A promise is waited for before the next call. */
export type MessageHandler = (message: ReceivedMessage) => unknown

/** What a Subscription asks of the Server and how it gives what comes. */
export interface SubscribeOptions {
  /** Largest QoS at which the Server sends. Default 1. */
  readonly qos?: QoS
  /** Whether the Client's own messages stay away. Default `false`. 5.0 only, as the two below. */
  readonly noLocal?: boolean
  /** Whether RETAIN is as the publisher set it. Default `false`. */
  readonly retainAsPublished?: boolean
  /** 0: retained messages come; 1: only for a new Subscription; 2: they do not. Default 0. */
  readonly retainHandling?: RetainHandling
  /**
   * What the Server sends with each message that matches, 1 to 268 435 455; 0 for nothing. Default: a number of the Client's, which
   * tells copies of overlapping Subscriptions apart. 5.0 only.
   */
  readonly subscriptionIdentifier?: number
  /** Whether to go on with the filters that were granted when others were refused; `reasonCodes` tells which. Default `false`. */
  readonly allowsPartialGrant?: boolean
  readonly userProperties?: readonly UserProperty[]
  /** Gets the messages in place of iteration. */
  readonly handler?: MessageHandler
  /** Calls of a handler that may be under way at once, where it returns promises. Default 1. */
  readonly concurrency?: number
  /**
   * When a message is acknowledged: by itself when it has been processed (the handler is done, or the loop takes the next one), or
   * when the application calls `message.ack()`. Default `auto`.
   */
  readonly ack?: 'auto' | 'manual'
  /** Messages that wait for the application, at most. Default 1 000. */
  readonly bufferMax?: number
  /** Bytes of their payloads, at most; a single message may be larger. Default 16 MiB. */
  readonly bufferBytesMax?: number
  /**
   * What happens to a message for which there is no room.
   *
   * - `pause` (default): acknowledgements are withheld, so that Receive Maximum makes the Server wait; only messages of QoS 0,
   *   which nothing can hold back, are dropped and counted.
   * - `drop-oldest`, `drop-newest`: one is dropped and counted. Messages are acknowledged when they come.
   * - `error`: the Subscription ends with `ERR_OVERFLOW`. Messages are acknowledged when they come.
   */
  readonly overflow?: 'pause' | 'drop-oldest' | 'drop-newest' | 'error'
  /** Gives up waiting for the SUBACK; afterwards, ends the Subscription. */
  readonly signal?: AbortSignal
}

/** What a Subscription needs of its Client. */
export interface SubscriptionOwner {
  /** Takes it out and tells the Server. Resolves when that has been answered, or there is no connection to ask on. */
  unsubscribe(subscription: Subscription): Promise<void>
  /** A handler has thrown. */
  report(error: ClientError): void
}

/** A reader that waits for a message. */
interface Waiting {
  resolve(result: IteratorResult<ReceivedMessage, undefined>): void
  reject(error: ClientError): void
}

/**
 * One call of `subscribe`: an async iterable of messages, or a handler that is called with them. Leaving the loop, or disposing of it,
 * unsubscribes.
 *
 * @example
 * for await (const message of subscription) console.log(message.topic, message.text())
 */
export class Subscription implements AsyncIterableIterator<ReceivedMessage, undefined> {
  readonly filters: readonly string[]
  readonly options: SubscribeOptions
  /** Sent with SUBSCRIBE and with every message that matches, where the Server has identifiers; 0 is not sent. */
  readonly identifier: number
  /** As the SUBACK has them, one per filter; empty before it has come. */
  reasonCodes: readonly ReasonCode[] = []
  /** Messages for which there was no room. */
  dropped = 0
  readonly #owner: SubscriptionOwner
  readonly #buffer = new Fifo<ReceivedMessage>()
  readonly #waiting = new Fifo<Waiting>()
  #bufferedBytes = 0
  /** What the loop works on; acknowledged when it asks for the next one. */
  #current: ReceivedMessage | undefined
  /** Calls of the handler that are under way. */
  #running = 0
  #end: { readonly error: ClientError | undefined } | undefined
  #closing: Promise<void> | undefined
  #unlisten: (() => void) | undefined

  constructor(filters: readonly string[], options: SubscribeOptions, identifier: number, owner: SubscriptionOwner) {
    this.filters = filters
    this.options = options
    this.identifier = identifier
    this.#owner = owner
    if (options.signal) this.#unlisten = onAbort(options.signal, () => void this.unsubscribe())
  }

  /** Messages that wait for the application. */
  get buffered(): number {
    return this.#buffer.size
  }

  /** Takes a message from the Client. */
  deliver(message: ReceivedMessage): void {
    if (this.#end) return message.ack()
    const { ack, overflow = 'pause' } = this.options
    if (overflow !== 'pause' && ack !== 'manual') message.ack()
    if (this.options.handler) {
      if (this.#running < (this.options.concurrency ?? 1)) return this.#handle(message)
    } else if (this.#waiting.size > 0) {
      this.#processed() // of a reader that has asked for this one ahead
      this.#current = message
      return this.#waiting.shift()!.resolve({ value: message, done: false })
    }
    if (!this.#hasRoom(message)) return
    this.#bufferedBytes += message.size
    this.#buffer.push(message.keep())
  }

  /** The next message, as soon as there is one. @throws {ClientError} with which the Subscription has ended, once */
  next(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    this.#processed()
    const message = this.#take()
    if (message) {
      this.#current = message
      return Promise.resolve({ value: message, done: false })
    }
    const end = this.#end
    if (end) {
      this.#end = { error: undefined }
      return end.error ? Promise.reject(end.error) : Promise.resolve({ value: undefined, done: true })
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** The loop has been left: unsubscribes. */
  async return(): Promise<IteratorResult<ReceivedMessage, undefined>> {
    await this.unsubscribe()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unsubscribe()
  }

  /** Ends it and tells the Server. Messages that wait are acknowledged unseen. Calling it again returns the same promise. */
  unsubscribe(): Promise<void> {
    this.#closing ??= this.#owner.unsubscribe(this)
    this.finish(undefined)
    return this.#closing
  }

  /** Ends it without a word to the Server; iteration ends, or throws what is given. */
  finish(error: ClientError | undefined): void {
    if (this.#end) return
    this.#end = { error }
    this.#unlisten?.()
    this.#processed()
    for (const message of this.#buffer.clear()) message.ack()
    for (const { resolve, reject } of this.#waiting.clear()) {
      if (error) reject(error)
      else resolve({ value: undefined, done: true })
    }
  }

  /** What the loop had is done with. */
  #processed(): void {
    if (this.options.ack !== 'manual') this.#current?.ack()
    this.#current = undefined
  }

  /** Makes room if the policy can. @returns whether the message may wait */
  #hasRoom(message: ReceivedMessage): boolean {
    const { bufferMax = 1_000, bufferBytesMax = 16_777_216, overflow = 'pause' } = this.options
    const isFull = () => this.#buffer.size >= bufferMax || this.#bufferedBytes + message.size > bufferBytesMax
    if (this.#buffer.size === 0 || !isFull()) return true
    // The Server sends no more than Receive Maximum without an acknowledgement, so this stays bounded.
    if (overflow === 'pause' && message.qos > 0) return true
    if (overflow === 'drop-oldest') {
      while (this.#buffer.size > 0 && isFull()) {
        this.dropped++
        this.#take()?.ack()
      }
      return true
    }
    this.dropped++
    if (overflow === 'error') {
      const error = new ClientError('ERR_OVERFLOW', `there is no room for more than ${this.#buffer.size} messages`)
      this.#closing ??= this.#owner.unsubscribe(this)
      this.finish(error)
    }
    message.ack()
    return false
  }

  #take(): ReceivedMessage | undefined {
    const message = this.#buffer.shift()
    this.#bufferedBytes -= message?.size ?? 0
    return message
  }

  /** Calls the handler, and again for what has come meanwhile. A handler that returns no promise costs none. */
  #handle(first: ReceivedMessage): void {
    this.#running++
    for (let message: ReceivedMessage | undefined = first; message; message = this.#take()) {
      const handled = message
      try {
        const result = this.options.handler!(handled)
        if (isPromiseLike(result)) {
          result.then(
            () => this.#handled(handled),
            error => this.#failed(handled, error),
          )
          return
        }
        if (this.options.ack !== 'manual') handled.ack()
      } catch (error) {
        this.#refuse(handled, error)
      }
    }
    this.#running--
  }

  #handled(message: ReceivedMessage): void {
    if (this.options.ack !== 'manual') message.ack()
    this.#running--
    const next = this.#take()
    if (next) this.#handle(next)
  }

  #failed(message: ReceivedMessage, error: unknown): void {
    this.#refuse(message, error)
    this.#handled(message)
  }

  /** What a handler cannot take is refused, so that it neither comes again for ever nor stops those behind it. */
  #refuse(message: ReceivedMessage, cause: unknown): void {
    const isFormat = cause instanceof ClientError && cause.code === 'ERR_DECODE'
    message.ack(isFormat ? ReasonCode.PayloadFormatInvalid : ReasonCode.UnspecifiedError)
    const what = `the handler of ${this.filters.join(', ')} failed`
    this.#owner.report(isFormat ? cause : new ClientError('ERR_HANDLER', what, { cause }))
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}

/** Topic Filters as `subscribe` takes them, each once. @throws {ClientError} `ERR_INVALID_ARGUMENT` */
export function checkedFilters(filters: string | readonly string[]): readonly string[] {
  const list = typeof filters === 'string' ? [filters] : [...new Set(filters)]
  const bad = list.length === 0 ? '' : list.find(filter => !isTopicFilter(filter))
  if (bad !== undefined) throw argumentError(`'${bad}' is no Topic Filter`)
  return list
}
