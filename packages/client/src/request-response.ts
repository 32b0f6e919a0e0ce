import type { PublishProperties } from '@curlew/codec'
import type { Client } from './client.ts'
import { argumentError } from './error.ts'
import type { ReceivedMessage } from './message.ts'
import type { Payload } from './publish-options.ts'
import { quiet } from './rejections.ts'
import { type RequestOptions, requesterOf } from './requester.ts'
import type { SubscribeOptions, Subscription } from './subscription.ts'

/** How to answer. */
export interface ServeOptions extends Pick<SubscribeOptions, 'qos' | 'bufferMax' | 'signal'> {
  /** Workers that share the requests: each goes to one of those with the same group name. Default: every server gets every request. */
  readonly group?: string
  /** Requests that are worked on at once. Default 1. */
  readonly concurrency?: number
}

/** A response as bytes or text, or with properties. */
export type Response = Payload | { readonly payload: Payload; readonly properties?: PublishProperties }

/**
 * Publishes a request and waits for its response (section 4.10). The Server must speak MQTT 5.0.
 *
 * @throws {ClientError} `ERR_TIMEOUT` when nobody answers in time, `ERR_PUBLISH_REFUSED`, also with 0x10 when nobody serves the topic,
 * `ERR_ABORTED`, and what `publish` and `subscribe` reject with
 * @example
 * const response = await request(client, 'clock/now', 'UTC')
 */
export function request(
  client: Client,
  topic: string,
  payload: Payload,
  options: RequestOptions = {},
): Promise<ReceivedMessage> {
  return requesterOf(client).ask(topic, payload, options)
}

/**
 * Answers requests on a Topic Filter until the Subscription it returns is ended. A request without Response Topic is handled, and its
 * response dropped. What the handler throws is told by the Client's event `error`, and the request is not answered.
 *
 * @throws {ClientError} as `subscribe`; `ERR_INVALID_ARGUMENT` when `concurrency` is no positive number
 * @example
 * await serve(client, 'clock/now', request => new Date().toISOString(), { group: 'clocks' })
 */
export function serve(
  client: Client,
  filter: string,
  handler: (request: ReceivedMessage) => Response | Promise<Response>,
  { group, concurrency = 1, ...options }: ServeOptions = {},
): Promise<Subscription> {
  if (!(concurrency >= 1)) {
    return quiet(Promise.reject(argumentError(`concurrency must be 1 or more, not ${concurrency}`)))
  }
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
