import {
  isSharedFilter,
  isTopicFilter,
  noProperties,
  type PublishProperties,
  TopicNames,
  VARIABLE_BYTE_INTEGER_MAX,
} from '@curlew/codec'
import { Message, NEVER } from '@curlew/protocol'
import { type QueuedRecord, queuedRecord } from './queued-record.ts'
import type { Clocks } from './records.ts'
import { Fields, StateFault } from './state-fields.ts'
import { STATE_FORMAT, STATE_VERSION, StateCounts } from './state-line.ts'
import type { SessionRecord, SubscriptionRecord, WillRecord } from './store.ts'

/** Seconds, in four bytes. */
const INTERVAL_MAX = 0xffffffff
/** Bytes of a payload; a packet has no room for more. */
const PAYLOAD_BYTES_MAX = VARIABLE_BYTE_INTEGER_MAX
/** Bytes of Correlation Data. */
const BINARY_BYTES_MAX = 65_535
const PACKET_ID_MAX = 0xffff

/** What a line says. */
export type StateEntry =
  | { readonly kind: 'header' }
  | { readonly kind: 'session'; readonly record: SessionRecord }
  | { readonly kind: 'subscription'; readonly clientId: string; readonly record: SubscriptionRecord }
  | { readonly kind: 'queued'; readonly clientId: string; readonly record: QueuedRecord }
  | { readonly kind: 'incoming'; readonly clientId: string; readonly packetId: number }
  | { readonly kind: 'retained'; readonly message: Message }
  | { readonly kind: 'end' }

/** The Session that lines belong to until the next one begins. */
class OpenSession {
  readonly clientId: string
  readonly filters: Set<string> = new Set()
  readonly incoming: Set<number> = new Set()
  lastSequence = -1

  constructor(clientId: string) {
    this.clientId = clientId
  }
}

/**
 * Reads the lines that `StateExport` writes, one after the other, and checks each: its fields, and whether it may stand where it stands.
 * In memory it has no more than all Client Identifiers and Topic Names of retained messages.
 */
export class StateReader {
  readonly counts: StateCounts = new StateCounts()
  readonly clientIds: Set<string> = new Set()
  /** Of retained messages. */
  readonly topics: Set<string> = new Set()
  readonly #clocks: Clocks
  #exportedAtMs = 0
  #state: 'header' | 'body' | 'end' = 'header'
  /** The Session that was begun last. */
  #session: OpenSession | undefined
  /** Whether a line since may have begun another Session, but is wrong: the lines behind it are taken for its own. */
  #isSessionUnknown = false
  #hasFaults = false

  /** @param clocks what the expiry of messages is measured with */
  constructor(clocks: Clocks) {
    this.#clocks = clocks
  }

  /** @throws {StateFault} when the line is wrong; the next one can be read all the same */
  read(line: string): StateEntry {
    try {
      return this.#read(line)
    } catch (error) {
      this.#hasFaults = true
      this.#isSessionUnknown = true
      throw error
    }
  }

  #read(line: string): StateEntry {
    const fields = new Fields(parsed(line))
    const type = fields.text('type')
    if (this.#state === 'end') throw new StateFault('stands behind the last line')
    if (this.#state === 'header' && type !== 'header') {
      throw new StateFault(`type must be "header" in the first line, not ${JSON.stringify(type)}`)
    }
    const entry = this.#entry(type, fields)
    fields.end()
    return entry
  }

  /** @throws {StateFault} when lines are missing */
  finish(): void {
    if (this.#state === 'end') return
    throw new StateFault('the last line, of type "end", is missing: the file is cut off')
  }

  #entry(type: string, fields: Fields): StateEntry {
    switch (type) {
      case 'header':
        return this.#header(fields)
      case 'session':
        return this.#begin(fields)
      case 'subscription':
        return this.#subscription(fields)
      case 'queued':
        return this.#queued(fields)
      case 'incoming':
        return this.#incoming(fields)
      case 'retained':
        return this.#retained(fields)
      case 'end':
        return this.#end(fields)
      default:
        return fields.refuse('type', `is ${JSON.stringify(type)}, which this version of Curlew does not know`)
    }
  }

  #header(fields: Fields): StateEntry {
    if (this.#state !== 'header') fields.refuse('type', 'must not be "header" but in the first line')
    this.#state = 'body'
    if (fields.text('format') !== STATE_FORMAT) fields.refuse('format', `must be "${STATE_FORMAT}"`)
    const version = fields.number('version', 1)
    if (version > STATE_VERSION) {
      fields.refuse('version', `is ${version}; this version of Curlew reads up to ${STATE_VERSION}`)
    }
    this.#exportedAtMs = fields.number('exportedAtMs', 0)
    return { kind: 'header' }
  }

  #begin(fields: Fields): StateEntry {
    this.#session = undefined
    const record = {
      clientId: fields.text('clientId'),
      expiryInterval: fields.number('expiryInterval', 0, INTERVAL_MAX),
      disconnectedAtMs: fields.optionalNumber('disconnectedAtMs', 0),
      will: fields.has('will') ? this.#will(fields.object('will')) : undefined,
    }
    const { clientId } = record
    if (this.clientIds.has(clientId)) fields.refuse('clientId', `${JSON.stringify(clientId)} is there already`)
    this.clientIds.add(clientId)
    this.#session = new OpenSession(clientId)
    this.#isSessionUnknown = false
    this.counts.sessions++
    return { kind: 'session', record }
  }

  #subscription(fields: Fields): StateEntry {
    const clientId = this.#owner(fields)
    const record = {
      filter: fields.text('filter', isTopicFilter, 'a Topic Filter'),
      qos: fields.oneOf('qos', [0, 1, 2]),
      noLocal: fields.boolean('noLocal'),
      retainAsPublished: fields.boolean('retainAsPublished'),
      retainHandling: fields.oneOf('retainHandling', [0, 1, 2]),
      identifier: fields.optionalNumber('identifier', 1, VARIABLE_BYTE_INTEGER_MAX),
    }
    const { filter, noLocal } = record
    if (noLocal && isSharedFilter(filter)) fields.refuse('noLocal', 'must be false for a Shared Subscription') // [MQTT-3.8.3-4]
    if (isNew(this.#session?.filters, filter)) this.counts.subscriptions++
    else fields.refuse('filter', `${JSON.stringify(filter)} is there already`)
    return { kind: 'subscription', clientId, record }
  }

  #queued(fields: Fields): StateEntry {
    const clientId = this.#owner(fields)
    const sharedFilterText = 'the Topic Filter of a Shared Subscription'
    const record = queuedRecord(
      fields.number('sequence', 0),
      this.#message(fields.object('message')),
      fields.oneOf('qos', [1, 2]),
      fields.boolean('retain'),
      {
        subscriptionIdentifiers: fields.numbers('subscriptionIdentifiers', 1, VARIABLE_BYTE_INTEGER_MAX),
        sharedFilter: fields.optionalText('sharedFilter', isSharedTopicFilter, sharedFilterText),
      },
    )
    record.isReleased = fields.boolean('isReleased')
    if (record.isReleased && record.qos !== 2) fields.refuse('isReleased', 'must be false at QoS 1')
    const last = this.#session?.lastSequence ?? -1
    if (record.sequence <= last) fields.refuse('sequence', `must be more than ${last}, which the message before has`)
    if (this.#session !== undefined) this.#session.lastSequence = record.sequence
    this.counts.queued++
    return { kind: 'queued', clientId, record }
  }

  #incoming(fields: Fields): StateEntry {
    const clientId = this.#owner(fields)
    const packetId = fields.number('packetId', 1, PACKET_ID_MAX)
    if (isNew(this.#session?.incoming, packetId)) this.counts.incoming++
    else fields.refuse('packetId', `${packetId} is there already`)
    return { kind: 'incoming', clientId, packetId }
  }

  #retained(fields: Fields): StateEntry {
    const message = this.#message(fields.object('message'))
    const { topic, payloadLength } = message
    if (payloadLength === 0) fields.refuse('message.payload', 'must not be empty in a retained message') // [MQTT-3.3.1-7]
    if (isNew(this.topics, topic)) this.counts.retained++
    else fields.refuse('message.topic', `${JSON.stringify(topic)} has a retained message already`)
    return { kind: 'retained', message }
  }

  #end(fields: Fields): StateEntry {
    this.#state = 'end'
    for (const [name, count] of Object.entries(this.counts)) {
      const told = fields.number(name, 0)
      // Lines with faults are not counted, and are fault enough.
      if (told !== count && !this.#hasFaults)
        fields.refuse(name, `is ${told}, but there are ${count} lines of that kind`)
    }
    return { kind: 'end' }
  }

  #owner(fields: Fields): string {
    const clientId = fields.text('clientId')
    if (this.#isSessionUnknown || this.#session?.clientId === clientId) return clientId
    if (this.#session === undefined) return fields.refuse('type', 'must not come before a line of type "session"')
    const owner = JSON.stringify(this.#session.clientId)
    return fields.refuse('clientId', `must be ${owner}, the Session that these lines follow`)
  }

  #will(fields: Fields): WillRecord {
    const will = {
      delayInterval: fields.number('delayInterval', 0, INTERVAL_MAX),
      dueAtMs: fields.optionalNumber('dueAtMs', 0),
      messageExpiryInterval: fields.optionalNumber('messageExpiryInterval', 0, INTERVAL_MAX),
      message: this.#message(fields.object('message')),
    }
    fields.end()
    return will
  }

  #message(fields: Fields): Message {
    const bytes = fields.bytes('payload', PAYLOAD_BYTES_MAX)
    const message = new Message({
      topic: fields.text('topic', TopicNames.isValid, 'a Topic Name'),
      bytes,
      payloadStart: 0,
      payloadEnd: bytes.length,
      qos: fields.oneOf('qos', [0, 1, 2]),
      retain: fields.boolean('retain'),
      properties: fields.has('properties') ? propertiesOf(fields.object('properties')) : noProperties,
      publisherId: fields.text('publisherId'),
      expiresAt: this.#expiresAt(fields.optionalNumber('expiresAtMs', 0)),
    })
    fields.end()
    return message
  }

  /** A wall clock that was set back since must not prolong the life of a message: it has what was left of it at most. */
  #expiresAt(expiresAtMs: number | undefined): number {
    if (expiresAtMs === undefined) return NEVER
    const { monotonicMs, wallClockMs } = this.#clocks
    return monotonicMs + Math.max(0, Math.min(expiresAtMs - this.#exportedAtMs, expiresAtMs - wallClockMs))
  }
}

function propertiesOf(fields: Fields): PublishProperties {
  const properties: PublishProperties = {
    payloadFormatIndicator: fields.has('payloadFormatIndicator')
      ? fields.oneOf('payloadFormatIndicator', [0, 1])
      : undefined,
    contentType: fields.optionalText('contentType'),
    responseTopic: fields.optionalText('responseTopic', TopicNames.isValid, 'a Topic Name'),
    correlationData: fields.has('correlationData') ? fields.bytes('correlationData', BINARY_BYTES_MAX) : undefined,
    userProperties: fields.has('userProperties') ? fields.pairs('userProperties') : undefined,
  }
  fields.end()
  return properties
}

function isSharedTopicFilter(text: string): boolean {
  return isSharedFilter(text) && isTopicFilter(text)
}

/** Adds a value. @returns whether it was not there; where nothing is remembered, it is new */
function isNew<Value>(known: Set<Value> | undefined, value: Value): boolean {
  if (known === undefined) return true
  const before = known.size
  return known.add(value).size > before
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new StateFault('is not JSON') // What the parser says names a character of the line, of which there may be millions.
  }
}
