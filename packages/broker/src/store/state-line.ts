import type { PublishProperties } from '@curlew/codec'
import { type Message, NEVER } from '@curlew/protocol'
import type { QueuedRecord } from './queued-record.ts'
import type { Clocks } from './records.ts'
import type { SessionRecord, SubscriptionRecord, WillRecord } from './store.ts'

/**
 * What a store holds, as lines of JSON: one header, then each Session followed by what belongs to it, then retained messages, then one
 * line that says how many there were, so that a file which is cut off shows. Bytes are base64; moments are wall clock milliseconds since
 * 1970; what is absent is left out. docs/reference/commands.md lists all fields.
 */
export const STATE_FORMAT = 'curlew-state'
/** Of the lines; unlike the format of the store it changes only when a reader of the old lines would go wrong. */
export const STATE_VERSION = 1

/** How many of each kind. */
export class StateCounts {
  sessions = 0
  subscriptions = 0
  queued = 0
  /** Packet Identifiers of incoming QoS 2 messages. */
  incoming = 0
  retained = 0
}

export function headerLine(exportedAtMs: number): string {
  return lineOf({ type: 'header', format: STATE_FORMAT, version: STATE_VERSION, exportedAtMs })
}

export function sessionLine(record: SessionRecord, clocks: Clocks): string {
  const { clientId, expiryInterval, disconnectedAtMs, will } = record
  return lineOf({ type: 'session', clientId, expiryInterval, disconnectedAtMs, will: will && plainWill(will, clocks) })
}

export function subscriptionLine(clientId: string, record: SubscriptionRecord): string {
  const { filter, qos, noLocal, retainAsPublished, retainHandling, identifier } = record
  return lineOf({
    type: 'subscription',
    clientId,
    filter,
    qos,
    noLocal,
    retainAsPublished,
    retainHandling,
    identifier,
  })
}

export function queuedLine(clientId: string, record: QueuedRecord, clocks: Clocks): string {
  const { sequence, qos, retain, isReleased, subscriptionIdentifiers, sharedFilter, message } = record
  return lineOf({
    type: 'queued',
    clientId,
    sequence,
    qos,
    retain,
    isReleased,
    subscriptionIdentifiers,
    sharedFilter,
    message: plainMessage(message, clocks),
  })
}

export function incomingLine(clientId: string, packetId: number): string {
  return lineOf({ type: 'incoming', clientId, packetId })
}

export function retainedLine(message: Message, clocks: Clocks): string {
  return lineOf({ type: 'retained', message: plainMessage(message, clocks) })
}

export function endLine({ sessions, subscriptions, queued, incoming, retained }: StateCounts): string {
  return lineOf({ type: 'end', sessions, subscriptions, queued, incoming, retained })
}

function lineOf(fields: object): string {
  return `${JSON.stringify(fields)}\n`
}

function plainWill({ delayInterval, dueAtMs, messageExpiryInterval, message }: WillRecord, clocks: Clocks): object {
  return { delayInterval, dueAtMs, messageExpiryInterval, message: plainMessage(message, clocks) }
}

function plainMessage(message: Message, { monotonicMs, wallClockMs }: Clocks): object {
  const { topic, qos, retain, publisherId, expiresAt, properties, payload } = message
  return {
    topic,
    qos,
    retain,
    publisherId,
    // As the store writes it: what has expired has nothing left, however long ago that was.
    expiresAtMs: expiresAt === NEVER ? undefined : wallClockMs + Math.max(0, Math.ceil(expiresAt - monotonicMs)),
    properties: plainProperties(properties),
    payload: base64Of(payload),
  }
}

function plainProperties(properties: PublishProperties): object | undefined {
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = properties
  const plain = {
    payloadFormatIndicator,
    contentType,
    responseTopic,
    correlationData: correlationData && base64Of(correlationData),
    userProperties,
  }
  return Object.values(plain).every(value => value === undefined) ? undefined : plain
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
