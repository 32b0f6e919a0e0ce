import { ReasonCode } from '@curlew/codec'
import fc from 'fast-check'
import type { DeliveryRules } from './delivery-rules.ts'
import type { AckPacket } from './link-packets.ts'
import { type Parts, WiredEnds } from './wired-ends.ts'

/** What a version of the protocol has: 3.1.1 knows neither Receive Maximum nor refusals. */
export type Version = '3.1.1' | '5.0'

/** An event for {@link WiredEnds}, as fast-check runs, prints and shrinks it; the {@link DeliveryRules} are its model. */
class Event implements fc.Command<DeliveryRules, WiredEnds> {
  readonly #name: string
  readonly #needs: 'connection' | 'no connection' | 'nothing'
  readonly #act: (ends: WiredEnds) => void

  constructor(name: string, needs: 'connection' | 'no connection' | 'nothing', act: (ends: WiredEnds) => void) {
    this.#name = name
    this.#needs = needs
    this.#act = act
  }

  check({ isConnected }: Readonly<DeliveryRules>): boolean {
    return this.#needs === 'nothing' || isConnected === (this.#needs === 'connection')
  }

  run(_: DeliveryRules, ends: WiredEnds): void {
    this.#act(ends)
  }

  toString(): string {
    return this.#name
  }
}

const count = fc.nat({ max: 3 })
const rarely = fc.integer({ min: 0, max: 9 }).map(roll => roll === 9)
const packetId = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constantFrom(65_534, 65_535))
const strayAck: fc.Arbitrary<AckPacket> = fc.record({
  type: fc.constantFrom('PUBACK', 'PUBREC', 'PUBCOMP'),
  packetId,
  reasonCode: fc.constantFrom(ReasonCode.Success, ReasonCode.QuotaExceeded, ReasonCode.PacketIdentifierNotFound),
})

const publish = fc
  .constantFrom(1 as const, 2 as const)
  .map(qos => new Event(`publish QoS ${qos}`, 'nothing', ends => ends.publish(qos)))
const toSender = rarely.map(
  again => new Event(`to sender${again ? ' twice' : ''}`, 'connection', ends => ends.deliverToSender({ again })),
)
const answer = count.map(choice => new Event(`answer ${choice}`, 'connection', ends => ends.answer(choice)))
const lose = fc
  .tuple(count, count)
  .map(([there, back]) => new Event(`lose after ${there} and ${back}`, 'connection', ends => ends.lose(there, back)))
const restart = fc
  .constantFrom('sender' as const, 'receiver' as const)
  .map(end => new Event(`restart ${end}`, 'no connection', ends => ends.restart(end)))
const stray = strayAck.map(
  ack => new Event(`stray ${ack.type} ${ack.packetId} ${ack.reasonCode}`, 'connection', ends => ends.strayAck(ack)),
)
const strayPubrel = packetId.map(id => new Event(`stray PUBREL ${id}`, 'connection', ends => ends.strayPubrel(id)))

function toReceiver(version: Version): fc.Arbitrary<Event> {
  const refusal = version === '5.0' ? rarely : fc.constant(false)
  return fc.tuple(refusal, rarely).map(([refuses, holds]) => {
    const name = `to receiver${refuses ? ', refused' : ''}${holds ? ', answer held' : ''}`
    return new Event(name, 'connection', ends => ends.deliverToReceiver({ refuses, holds }))
  })
}

function connect(version: Version): fc.Arbitrary<Event> {
  const receiveMaximum = version === '5.0' ? fc.constantFrom(1, 2, 3, 5, 65_535) : fc.constant(65_535)
  return receiveMaximum.map(max => new Event(`connect with ${max}`, 'no connection', ends => ends.connect(max)))
}

/** Events in any order; those that move things on are the most frequent, so that exchanges come to their later steps. */
export function eventsOf(version: Version): fc.Arbitrary<Iterable<fc.Command<DeliveryRules, WiredEnds>>> {
  const there = toReceiver(version)
  const often = [publish, publish, there, there, there, toSender, toSender, toSender]
  const seldom = [connect(version), connect(version), lose, answer, restart, stray, strayPubrel]
  return fc.commands<DeliveryRules, WiredEnds>([...often, ...seldom], { maxCommands: 150, size: 'max' })
}

/** Runs the events on two new ends, then lets these come to rest. @throws {Violation} at the first rule broken */
export function runEvents(parts: Parts, events: Iterable<fc.Command<DeliveryRules, WiredEnds>>): void {
  const ends = new WiredEnds(parts)
  fc.modelRun(() => ({ model: ends.rules, real: ends }), events)
  ends.drain()
}
