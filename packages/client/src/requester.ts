import type { PublishProperties, QoS } from '@curlew/codec'
import type { Client } from './client.ts'
import { abortError, ClientError, closedError, onAbort, protocolFault } from './error.ts'
import type { ReceivedMessage } from './message.ts'
import type { Payload } from './publish-options.ts'
import { quiet } from './rejections.ts'

/** Responses that are waited for at once, per Client. */
const PENDING_MAX = 10_000
/** A response topic has this many random bytes, so that nobody else listens there by chance. */
const TOPIC_BYTES = 12
/** Correlation Data is a number of this many bytes. */
const KEY_BYTES = 4

/** How to ask. */
export interface RequestOptions {
  /** How long to wait for the response, in milliseconds. Default 30 000. */
  readonly timeoutMs?: number
  /** Of the request. Default 1. */
  readonly qos?: QoS
  /** Of the request; Response Topic and Correlation Data are set here. */
  readonly properties?: Omit<
    PublishProperties,
    'responseTopic' | 'correlationData' | 'topicAlias' | 'subscriptionIdentifiers'
  >
  readonly signal?: AbortSignal
}

/** A request without its response. */
class PendingRequest {
  readonly key: number
  readonly deadlineMs: number
  readonly topic: string
  readonly payload: Payload
  readonly options: RequestOptions
  resolve!: (response: ReceivedMessage) => void
  reject!: (error: ClientError) => void
  /** Takes it back where it has not been sent; `undefined` before it is published. */
  takeBack: (() => void) | undefined
  unlisten: (() => void) | undefined
  readonly response: Promise<ReceivedMessage> = new Promise((resolve, reject) => {
    this.resolve = resolve
    this.reject = reject
  })

  constructor(key: number, deadlineMs: number, topic: string, payload: Payload, options: RequestOptions) {
    this.key = key
    this.deadlineMs = deadlineMs
    this.topic = topic
    this.payload = payload
    this.options = options
  }
}

const requesters = new WeakMap<Client, Requester>()

/** The one of a Client, which is made at its first request. */
export function requesterOf(client: Client): Requester {
  let requester = requesters.get(client)
  if (!requester) {
    requester = new Requester(client)
    requesters.set(client, requester)
  }
  return requester
}

/**
 * The requests of one Client: one Subscription for all responses, one timer for all timeouts, and per request a promise and nothing
 * else that costs (`npm run bench:client`).
 */
export class Requester {
  readonly #client: Client
  readonly #pending = new Map<number, PendingRequest>()
  /** Whether there is a Subscription for responses. */
  #state: 'unsubscribed' | 'subscribing' | 'subscribed' = 'unsubscribed'
  #responseTopic = ''
  #lastKey = 0
  /** When the timer fires. It may outlast what it was set for, but not the Client. */
  #dueMs = Infinity
  #cancelTimer: () => void = () => {}

  constructor(client: Client) {
    this.#client = client
    client.on('state', ({ state, error }) => {
      if (state !== 'closed') return
      this.#failAll(error ?? closedError())
      this.#cancelTimer()
    })
  }

  /** @throws {ClientError} as `request`, by rejecting */
  ask(topic: string, payload: Payload, options: RequestOptions): Promise<ReceivedMessage> {
    const { timeoutMs = 30_000, signal } = options
    try {
      this.#check(signal)
    } catch (error) {
      return quiet(Promise.reject(error))
    }
    do this.#lastKey = (this.#lastKey + 1) >>> 0
    while (this.#pending.has(this.#lastKey))
    const deadlineMs = this.#client.runtime.now() + timeoutMs
    const request = new PendingRequest(this.#lastKey, deadlineMs, topic, payload, options)
    this.#pending.set(request.key, request)
    this.#watch(deadlineMs)
    if (signal) this.#listen(request, signal)
    if (this.#state === 'subscribed') this.#publish(request)
    else if (this.#state === 'unsubscribed') this.#subscribe()
    return request.response
  }

  #listen(request: PendingRequest, signal: AbortSignal): void {
    request.unlisten = onAbort(signal, error => this.#fail(request, error))
  }

  #subscribe(): void {
    this.#state = 'subscribing'
    this.#responseTopic = `${this.#client.server.responseInformation ?? 'response/'}${randomName()}`
    this.#client.subscribe(this.#responseTopic, { qos: 1, handler: message => this.#answered(message) }).then(
      () => {
        this.#state = 'subscribed'
        for (const request of this.#pending.values()) this.#publish(request)
      },
      error => {
        this.#state = 'unsubscribed'
        this.#failAll(error)
      },
    )
  }

  /** @throws {ClientError} when a request cannot even be begun */
  #check(signal: AbortSignal | undefined): void {
    const { state, protocolVersion = 5 } = this.#client
    if (signal?.aborted) throw abortError(signal)
    if (state === 'closed') throw closedError()
    if (protocolVersion < 5) throw new ClientError('ERR_NOT_SUPPORTED', 'requests need MQTT 5.0')
    if (this.#pending.size >= PENDING_MAX) {
      throw new ClientError('ERR_OUTBOX_FULL', `${PENDING_MAX} requests wait`, { retryable: true })
    }
  }

  #publish(request: PendingRequest): void {
    const { key, topic, payload, options } = request
    const { qos = 1 } = options
    const properties: PublishProperties = {
      ...options.properties,
      responseTopic: this.#responseTopic,
      correlationData: bytesOf(key),
    }
    try {
      request.takeBack = this.#client.send(topic, payload, { qos, properties }, (error, result) => {
        request.takeBack = undefined
        if (error) this.#fail(request, error)
        else if (result?.isMatched === false) {
          this.#fail(request, new ClientError('ERR_PUBLISH_REFUSED', `nobody serves ${topic}`, { reasonCode: 0x10 }))
        }
      })
    } catch (error) {
      this.#fail(request, protocolFault(error))
    }
  }

  #answered(message: ReceivedMessage): void {
    const { correlationData } = message.properties
    const request = correlationData?.length === KEY_BYTES ? this.#pending.get(keyOf(correlationData)) : undefined
    if (!request) return
    this.#remove(request)
    request.resolve(message.keep())
  }

  #fail(request: PendingRequest, error: ClientError): void {
    if (!this.#pending.has(request.key)) return
    this.#remove(request)
    request.reject(error)
    quiet(request.response)
  }

  #failAll(error: ClientError): void {
    for (const request of this.#pending.values()) this.#fail(request, error)
  }

  #remove(request: PendingRequest): void {
    this.#pending.delete(request.key)
    request.unlisten?.()
    request.takeBack?.()
  }

  /** Sees to it that the timer fires at a deadline at the latest. */
  #watch(deadlineMs: number): void {
    if (deadlineMs >= this.#dueMs) return
    this.#cancelTimer()
    this.#dueMs = deadlineMs
    const { runtime } = this.#client
    this.#cancelTimer = runtime.setTimer(Math.max(0, Math.ceil(deadlineMs - runtime.now())), () => this.#expire())
  }

  #expire(): void {
    this.#dueMs = Infinity
    const nowMs = this.#client.runtime.now()
    let nextMs = Infinity
    for (const request of this.#pending.values()) {
      if (request.deadlineMs > nowMs) nextMs = Math.min(nextMs, request.deadlineMs)
      else this.#fail(request, new ClientError('ERR_TIMEOUT', 'nobody has answered in time', { retryable: true }))
    }
    this.#watch(nextMs)
  }
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOPIC_BYTES))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOf(key: number): Uint8Array {
  return Uint8Array.of(key >>> 24, key >>> 16, key >>> 8, key)
}

function keyOf(bytes: Uint8Array): number {
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
}
