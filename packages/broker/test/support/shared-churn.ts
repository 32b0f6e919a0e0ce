import { PacketType } from '@curlew/codec'
import fc from 'fast-check'
import type { MemoryWire } from './memory-stream.ts'
import { puback, publishPacket, subscribePacket, unsubscribePacket } from './packets.ts'
import type { RawClient } from './raw-client.ts'
import { persistent, Stage, type StageOptions } from './stage.ts'

type MemberClient = RawClient<MemoryWire>

/** What happens to a Shared Subscription, and to which of its Clients. */
export interface Happening {
  readonly what: 'publish' | 'come' | 'drop' | 'subscribe' | 'unsubscribe' | 'acknowledge' | 'end'
  readonly who: number
}

const CLIENTS = [0, 1, 2] as const

/** How often each happens, so that members are there and away, and messages are with them when they go. */
const mix: readonly Happening['what'][] = [
  ...(['publish', 'publish', 'publish', 'come', 'come', 'drop', 'drop'] as const),
  ...(['subscribe', 'subscribe', 'unsubscribe', 'acknowledge', 'end'] as const),
]

export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.record({
    what: fc.constantFrom(...mix),
    who: fc.constantFrom(...CLIENTS),
  }),
  { minLength: 5, maxLength: 60 },
)

const FILTER = '$share/churn/a'

/**
 * Clients of one Shared Subscription that come and go, and a small model of what must come of it: each QoS 1 message that was
 * published while there was a member is acknowledged by exactly one, unless the last member that could have it took it to its end.
 */
export class SharedChurn {
  readonly #stage: Stage
  readonly #clients = new Map<number, MemberClient>()
  readonly #members = new Set<number>()
  #publisher: MemberClient | undefined
  #count = 0
  /** Payloads of messages, and how often each has been acknowledged. */
  readonly acknowledged = new Map<string, number>()
  /** Payloads that must be acknowledged in the end, and payloads that need not be. */
  readonly due = new Set<string>()
  readonly excused = new Set<string>()

  constructor(options: StageOptions) {
    this.#stage = new Stage(options)
  }

  async play(list: readonly Happening[]): Promise<void> {
    this.#publisher = await this.#stage.connect({ clientId: 'publisher' })
    for (const who of CLIENTS) await this.#come(who)
    for (const who of CLIENTS) await this.#do('subscribe', who)
    for (const { what, who } of list) await this.#do(what, who)
    for (const who of CLIENTS) await this.#come(who)
    // Each acknowledgement lets what waits behind it follow.
    for (let round = 0; round <= this.#count; round++) for (const who of CLIENTS) await this.#acknowledge(who)
  }

  async #do(what: Happening['what'], who: number): Promise<void> {
    switch (what) {
      case 'publish':
        return this.#publish()
      case 'come':
        return this.#come(who)
      case 'drop':
        return this.#drop(who)
      case 'subscribe':
        this.#clients.get(who)?.send(subscribePacket(1, [{ filter: FILTER, qos: 1 }]))
        if (this.#clients.has(who)) this.#members.add(who)
        return this.#stage.settle()
      case 'unsubscribe':
        this.#clients.get(who)?.send(unsubscribePacket(2, [FILTER]))
        if (this.#clients.has(who)) this.#members.delete(who)
        return this.#stage.settle()
      case 'acknowledge':
        return this.#acknowledge(who)
      case 'end':
        return this.#end(who)
      default:
        what satisfies never
    }
  }

  async #publish(): Promise<void> {
    const payload = String(++this.#count)
    if (this.#members.size > 0) this.due.add(payload)
    this.#publisher!.send(publishPacket('a', payload, { qos: 1, packetId: this.#count }))
    await this.#stage.settle()
  }

  async #come(who: number): Promise<void> {
    if (this.#clients.has(who)) return
    this.#clients.set(who, await this.#stage.connect(persistent(5, `member-${who}`)))
  }

  async #drop(who: number): Promise<void> {
    this.#clients.get(who)?.drop()
    this.#clients.delete(who)
    await this.#stage.settle()
  }

  async #acknowledge(who: number): Promise<void> {
    const client = this.#clients.get(who)
    for (const packet of client?.takePackets() ?? []) {
      if (packet.type !== PacketType.Publish) continue
      const payload = Buffer.from(packet.payload).toString()
      this.acknowledged.set(payload, (this.acknowledged.get(payload) ?? 0) + 1)
      client!.send(puback(packet.packetId))
    }
    await this.#stage.settle()
  }

  /** The Session ends: what it had goes to other members, and is lost when there are none. */
  async #end(who: number): Promise<void> {
    await this.#drop(who)
    this.#members.delete(who)
    if (this.#members.size === 0) for (const payload of this.due) this.excused.add(payload)
    const client = await this.#stage.connect({ clientId: `member-${who}`, cleanStart: true })
    client.drop()
    await this.#stage.settle()
  }
}
