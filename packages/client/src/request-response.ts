import type { PublishProperties, QoS } from '@curlew/codec'
import type { Client } from './client.ts'
import { abortError, argumentError, ClientError } from './error.ts'
import type { ReceivedMessage } from './message.ts'
import { type Payload, payloadBytes } from './publish-options.ts'
import type { SubscribeOptions, Subscription } from './subscription.ts'

/** Responses that are waited for at once, per Client. */
const PENDING_MAX = 10_000
/** A response topic has this many random bits, so that nobody else listens there by chance. */
const TOPIC_BYTES = 12

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

/** How to answer. */
export interface ServeOptions extends Pick<SubscribeOptions, 'qos' | 'bufferMax' | 'signal'> {
  /** Workers that share the requests: each goes to one of those with the same group name. Default: every server gets every request. */
  readonly group?: string
  /** Requests that are worked on at once. Default 1. */
  readonly concurrency?: number
}

/** A response as bytes or text, or with properties. */
export type Response = Payload | { readonly payload: Payload; readonly properties?: PublishProperties }

/** What a Client that asks keeps: one Subscription for all responses. */
interface Desk {
  readonly topic: string
  readonly ready: Promise<Subscription>
  readonly pending: Map<string, (message: ReceivedMessage) => void>
  last: number
}

const desks = new WeakMap<Client, Desk>()
const text = new TextDecoder()

/**
 * Publishes a request and waits for its response (section 4.10). The Server must speak MQTT 5.0.
 *
 * @throws {ClientError} `ERR_TIMEOUT` when nobody answers in time, `ERR_PUBLISH_REFUSED`, also with 0x10 when nobody serves the topic,
 * `ERR_ABORTED`, and what `publish` and `subscribe` reject with
 * @example
 * const response = await request(client, 'clock/now', 'UTC')
 */
export async function request(
  client: Client,
  topic: string,
  payload: Payload,
  { timeoutMs = 30_000, qos = 1, properties, signal }: RequestOptions = {},
): Promise<ReceivedMessage> {
  if (signal?.aborted) throw abortError(signal)
  if (client.protocolVersion !== undefined && client.protocolVersion < 5) {
    throw new ClientError('ERR_NOT_SUPPORTED', 'requests need MQTT 5.0')
  }
  const desk = deskOf(client)
  if (desk.pending.size >= PENDING_MAX)
    throw new ClientError('ERR_OUTBOX_FULL', `${PENDING_MAX} requests wait`, { retryable: true })
  const key = `${++desk.last}`
  const controller = new AbortController()
  let settle: () => void = () => {}
  let isPublished = false
  try {
    return await new Promise<ReceivedMessage>((resolve, reject) => {
      const fail = (error: ClientError): void => reject(error)
      const cancelTimer = client.runtime.setTimer(timeoutMs, () => {
        const what = `no response on ${topic} within ${timeoutMs} ms`
        fail(new ClientError('ERR_TIMEOUT', what, { retryable: true }))
      })
      const abort = (): void => fail(abortError(signal!))
      signal?.addEventListener('abort', abort, { once: true })
      const unlisten = client.on('state', ({ state, error }) => {
        if (state === 'closed') fail(error ?? new ClientError('ERR_CLOSED', 'the Client is closed'))
      })
      settle = () => {
        cancelTimer()
        unlisten()
        signal?.removeEventListener('abort', abort)
      }
      desk.pending.set(key, resolve)
      const ask = { ...properties, responseTopic: desk.topic, correlationData: payloadBytes(key) }
      desk.ready
        .then(() => client.publish(topic, payload, { qos, properties: ask, signal: controller.signal }))
        .then(({ isMatched }) => {
          isPublished = true
          if (isMatched === false)
            fail(new ClientError('ERR_PUBLISH_REFUSED', `nobody serves ${topic}`, { reasonCode: 0x10 }))
        })
        .catch(fail)
    })
  } finally {
    settle()
    desk.pending.delete(key)
    if (!isPublished) controller.abort() // takes a request back that still waits
  }
}

function deskOf(client: Client): Desk {
  const known = desks.get(client)
  if (known) return known
  const name = Array.from(crypto.getRandomValues(new Uint8Array(TOPIC_BYTES)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
  const topic = `${client.server.responseInformation ?? 'response/'}${name}`
  const pending: Desk['pending'] = new Map()
  const handler = (message: ReceivedMessage): void => {
    const { correlationData } = message.properties
    if (correlationData) pending.get(text.decode(correlationData))?.(message.keep())
  }
  const desk: Desk = { topic, pending, last: 0, ready: client.subscribe(topic, { qos: 1, handler }) }
  desks.set(client, desk)
  desk.ready.catch(() => desks.delete(client))
  return desk
}

/**
 * Answers requests on a Topic Filter until the Subscription it returns is ended. A request without Response Topic is handled, and its
 * response dropped. What the handler throws is told by the Client's event `error`, and the request is not answered.
 *
 * @throws {ClientError} as `subscribe`; `ERR_INVALID_ARGUMENT` when `concurrency` is no positive number
 * @example
 * await serve(client, 'clock/now', request => new Date().toISOString(), { group: 'clocks' })
 */
export async function serve(
  client: Client,
  filter: string,
  handler: (request: ReceivedMessage) => Response | Promise<Response>,
  { group, concurrency = 1, ...options }: ServeOptions = {},
): Promise<Subscription> {
  if (!(concurrency >= 1)) throw argumentError(`concurrency must be 1 or more, not ${concurrency}`)
  const answer = async (message: ReceivedMessage): Promise<void> => {
    const response = await handler(message)
    const { responseTopic, correlationData } = message.properties
    if (responseTopic === undefined) return
    const { payload, properties = {} } =
      typeof response === 'object' && 'payload' in response ? response : { payload: response }
    await client.publish(responseTopic, payload, { qos: message.qos, properties: { ...properties, correlationData } })
  }
  const full = group === undefined ? filter : `$share/${group}/${filter}`
  return client.subscribe(full, { qos: 1, ...options, concurrency, handler: answer })
}
