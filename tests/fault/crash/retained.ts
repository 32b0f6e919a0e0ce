import { noProperties, type Packet, PacketType } from '@curlew/codec'
import type { ClientVersion } from './client.ts'
import { Connection } from './connection.ts'
import { idOf, type Message } from './message.ts'
import type { MessageSource } from './publisher.ts'
import type { Random } from './random.ts'
import { paddingLength } from './sources.ts'
import type { Stage } from './stage.ts'

/** Few topics, so that each is rewritten often. */
const RETAINED_TOPIC_COUNT = 8

const CLEAR_PROBABILITY = 0.25

const retainedFilter = 'retained/+'

/** Writes and clears retained messages, and knows what may stand in each topic. */
export class RetainedRegister implements MessageSource {
  readonly #stage: Stage
  readonly #random: Random
  /** All writes to each topic, in order; an empty payload clears it. */
  readonly #writes = new Map<string, Message[]>()
  #sequence = 0

  constructor(stage: Stage, random: Random) {
    this.#stage = stage
    this.#random = random
    for (let index = 0; index < RETAINED_TOPIC_COUNT; index++) this.#writes.set(`retained/${index}`, [])
  }

  next(): Message | undefined {
    if (this.#stage.isEnding) return undefined
    const topic = this.#random.pick([...this.#writes.keys()])
    const sequence = this.#sequence++
    const payload = this.#random.chance(CLEAR_PROBABILITY) ? '' : `retained:${topic}:${sequence}`
    const terms = { kind: 'retained', publisher: 'retainer', filter: retainedFilter, qos: 1, isRetained: true } as const
    const padding = payload === '' ? 0 : paddingLength(this.#random)
    const message = this.#stage.createMessage({ ...terms, topic, sequence, payload, paddingLength: padding })
    this.#writes.get(topic)!.push(message)
    return message
  }

  /** Compares with what the broker has, as read while nobody writes. */
  check(found: ReadonlyMap<string, string>): void {
    for (const topic of found.keys()) {
      if (!this.#writes.has(topic)) this.#stage.report('retainedWrong', `${topic} was never written`)
    }
    for (const [topic, writes] of this.#writes) {
      const first = writes.findLastIndex(({ acknowledgedAt }) => acknowledgedAt !== undefined)
      const allowed = writes.slice(Math.max(0, first)).map(({ terms }) => terms.payload)
      if (first < 0) allowed.push('')
      const value = found.get(topic) ?? ''
      if (!allowed.includes(value)) this.#reportWrong(topic, value, allowed)
      // What may stand there from here on begins with what does.
      else this.#writes.set(topic, writes.slice(Math.max(0, first)))
    }
  }

  #reportWrong(topic: string, value: string, allowed: readonly string[]): void {
    const show = (payload: string): string => (payload === '' ? 'nothing' : payload)
    this.#stage.report('retainedWrong', `${topic} holds ${show(value)}, not ${allowed.map(show).join(' or ')}`)
  }
}

/**
 * What retained messages the broker has, by topic; `undefined` when the connection ended before all were there. The last of them
 * have come when a message that was sent after SUBACK has come back, and a PINGREQ after that was answered.
 */
export function readRetained(stage: Stage, version: ClientVersion): Promise<Map<string, string> | undefined> {
  const { port } = stage
  if (port === undefined) return Promise.resolve(undefined)
  const clientId = `auditor-${stage.timeline.now}`
  const found = new Map<string, string>()
  return new Promise(resolve => {
    let isComplete = false
    stage.connectionCount++
    const connection = new Connection(port, version, {
      receive: packet => {
        stage.timeline.advance()
        if (packet.type === PacketType.Publish && packet.topic.startsWith('retained/')) {
          found.set(packet.topic, idOf(packet.payload))
        }
        isComplete ||= packet.type === PacketType.Pingresp
        const answer = answerTo(packet, clientId)
        if (answer !== undefined) connection.send(answer)
        if (isComplete) connection.destroy()
      },
      closed: () => {
        stage.connectionCount--
        resolve(isComplete ? found : undefined)
        stage.timeline.advance()
      },
    })
    connection.send({
      ...{ type: PacketType.Connect, protocolVersion: version, cleanStart: true, keepAlive: 0, clientId },
      ...{ will: undefined, userName: undefined, password: undefined, properties: noProperties },
    })
  })
}

/** What the auditor sends next. */
function answerTo(packet: Packet, clientId: string): Packet | undefined {
  const topic = `audit/${clientId}`
  const properties = noProperties
  if (packet.type === PacketType.Connack) {
    const terms = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
    const subscriptions = [retainedFilter, topic].map(filter => ({ filter, ...terms }))
    return { type: PacketType.Subscribe, packetId: 1, subscriptions, properties }
  }
  if (packet.type === PacketType.Suback) {
    const flags = { qos: 0, retain: false, dup: false, packetId: 0 } as const
    return { type: PacketType.Publish, topic, payload: Buffer.from('end'), ...flags, properties }
  }
  if (packet.type === PacketType.Publish && packet.topic === topic) return { type: PacketType.Pingreq }
  return undefined
}
