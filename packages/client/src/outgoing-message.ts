import {
  encodePublishProperties,
  noProperties,
  type PublishContent,
  type PublishProperties,
  type QoS,
  TopicNames,
} from '@curlew/codec'
import { type DeliveryPhase, expiresAt, NEVER, type OutgoingDelivery, packetIdAt } from '@curlew/protocol'
import { argumentError, type ClientError } from './error.ts'
import { type Payload, type PublishOptions, type PublishResult, payloadBytes } from './publish-options.ts'
import type { ClientRuntime } from './runtime.ts'

/** So many bytes a message is counted as beside its payload and properties. */
const OVERHEAD_BYTES = 100

/** A message between `publish` and the end of its delivery. */
export class OutgoingMessage implements PublishContent, OutgoingDelivery {
  readonly topic: string
  readonly bytes: Uint8Array
  readonly payloadStart = 0
  readonly payloadEnd: number
  readonly encodedProperties: Uint8Array
  readonly properties: PublishProperties
  readonly qos: QoS
  readonly retain: boolean
  /** Milliseconds of the runtime's clock; `NEVER` without Message Expiry Interval. */
  readonly expiresAt: number
  /** Position among the messages of QoS 1 and 2, counted from 0; -1 for QoS 0. */
  sequence = -1
  /** These two: {@link OutgoingDelivery}. */
  phase: DeliveryPhase = 'waiting'
  usesQuota = false
  /** Whether it may be sent: an outbox stores it first. */
  isStored = true
  /** Whether it is among those that wait and has not been taken back. */
  isWaiting = false
  /** Tells the caller; `undefined` once told. */
  settle: ((error: ClientError | undefined, result: PublishResult | undefined) => void) | undefined

  constructor(
    topic: string,
    payload: Uint8Array,
    qos: QoS,
    retain: boolean,
    properties: PublishProperties,
    runtime: ClientRuntime,
  ) {
    this.topic = topic
    this.bytes = payload
    this.payloadEnd = payload.length
    this.qos = qos
    this.retain = retain
    this.properties = properties
    this.encodedProperties = encodePublishProperties(properties)
    const { messageExpiryInterval } = properties
    this.expiresAt =
      messageExpiryInterval === undefined ? NEVER : expiresAt(runtime.now(), interval(messageExpiryInterval))
  }

  /** Derived from the position, so that an outbox need not store it, and a restart gives the same one. */
  get packetId(): number {
    return packetIdAt(this.sequence)
  }

  /** What it counts as in the outbox. */
  get size(): number {
    return this.payloadEnd + this.encodedProperties.length + this.topic.length + OVERHEAD_BYTES
  }

  /** Ends it for the caller. Further calls do nothing. */
  finish(error: ClientError | undefined, result?: PublishResult): void {
    const { settle } = this
    this.settle = undefined
    settle?.(error, result)
  }
}

/** @throws {ClientError} `ERR_INVALID_ARGUMENT` naming what cannot be published */
export function createMessage(
  topic: string,
  payload: Payload,
  { retain = false, properties = noProperties }: PublishOptions,
  qos: QoS,
  runtime: ClientRuntime,
): OutgoingMessage {
  if (!TopicNames.isValid(topic)) throw argumentError(`'${topic}' is no Topic Name`)
  if (qos !== 0 && qos !== 1 && qos !== 2) throw argumentError(`qos is 0, 1 or 2, not ${String(qos)}`)
  try {
    return new OutgoingMessage(topic, payloadBytes(payload), qos, retain, properties, runtime)
  } catch (error) {
    throw argumentError((error as Error).message, error)
  }
}

function interval(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 0xffffffff) return seconds
  throw new RangeError(`messageExpiryInterval must be a whole number of seconds up to 4 294 967 295, not ${seconds}`)
}
