import { noProperties, type Packet, PacketType, type Publish } from '@curlew/codec'
import {
  connectPacket,
  disconnectPacket,
  pingreq,
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  pubrel,
  subscribePacket,
  unsubscribePacket,
  willOf,
} from '../../../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../../../packages/broker/test/support/raw-client.ts'
import { TcpWire } from '../../../../packages/broker/test/support/tcp-wire.ts'
import { topics } from './generator.ts'
import type { Manner, Script, Step } from './script.ts'
import { lineOf } from './trace.ts'

/** What both clients got because of one step, in lines; `closed` when the broker has closed. */
export type StepTrace = readonly [readonly string[], readonly string[]]

interface Unfinished {
  readonly packetId: number
  readonly qos: 1 | 2
  readonly line: string
  isReleased: boolean
}

/** A broker that sends for so long, in milliseconds, and not what is waited for, never will. */
const PATIENCE_MS = 30_000

/** One client of a script, over all its connections. */
class Actor {
  connection: TolerantClient | undefined
  lines: string[] = []
  unfinished: Unfinished[] = []

  /** Takes all that comes up to the answer to a PINGREQ, or to the end of the connection. */
  async synchronise(): Promise<void> {
    this.connection?.send(pingreq)
    await this.takeUntil(PacketType.Pingresp)
  }

  /** @param type `undefined`: the end of the connection */
  async takeUntil(type: PacketType | undefined): Promise<void> {
    const { connection } = this
    const giveUpAtMs = performance.now() + PATIENCE_MS
    while (connection !== undefined && this.connection === connection) {
      for (const packet of connection.takePackets()) {
        if (packet.type === type) return
        this.#take(packet)
      }
      if (connection.state !== 'open') return this.#close(connection.fault ?? 'closed')
      const hasArrived = await connection.wire.arrival()
      if (!hasArrived || performance.now() > giveUpAtMs) return this.#close('silent')
    }
  }

  #close(line: string): void {
    this.lines.push(line)
    this.connection?.drop()
    this.connection = undefined
  }

  #take(packet: Packet): void {
    this.lines.push(lineOf(packet))
    if (packet.type === PacketType.Publish && packet.qos > 0) this.#note(packet)
  }

  #note(packet: Publish): void {
    const { packetId, qos } = packet
    const line = lineOf(packet)
    this.unfinished.push({ packetId, qos: qos as 1 | 2, line, isReleased: false })
  }

  /** The packets that acknowledge what has come, in the order in which the lines of any broker can be put. */
  acknowledgements(manner: Manner): Packet[] {
    const sorted = this.unfinished.toSorted((a, b) => (a.line < b.line ? -1 : a.line > b.line ? 1 : 0))
    const chosen = manner === 'one' ? sorted.slice(-1) : manner === 'wrong' ? sorted.slice(0, 1) : sorted
    const packets = chosen.map(each => {
      const { packetId, qos, isReleased } = each
      if (manner === 'wrong') return qos === 1 ? pubrec(packetId) : puback(packetId)
      if (qos === 1 || isReleased) this.unfinished = this.unfinished.filter(other => other !== each)
      else each.isReleased = true
      return qos === 1 ? puback(packetId) : isReleased ? pubcomp(packetId) : pubrec(packetId)
    })
    return manner === 'twice' ? packets.flatMap(packet => [packet, packet]) : packets
  }
}

let scripts = 0

/** Plays a script to the broker on a port. */
export async function play(script: Script, port: number): Promise<StepTrace[]> {
  const stage = new ScriptStage(script, port, ++scripts)
  const traces: StepTrace[] = []
  for (const step of script.steps) traces.push(await stage.perform(step))
  await stage.clear()
  return traces
}

class ScriptStage {
  readonly #script: Script
  readonly #port: number
  readonly #name: string
  readonly #actors = [new Actor(), new Actor()] as const

  constructor(script: Script, port: number, id: number) {
    this.#script = script
    this.#port = port
    this.#name = `script-${id}`
  }

  async perform(step: Step): Promise<StepTrace> {
    const actor = this.#actors[step.client]
    const other = this.#actors[1 - step.client]!
    if (step.kind === 'connect') await this.#connect(step)
    else if (actor.connection !== undefined) await this.#act(actor, step)
    await actor.synchronise()
    await other.synchronise()
    return [this.#actors[0].lines.splice(0), this.#actors[1].lines.splice(0)]
  }

  /** Takes away what the script has left on the broker. */
  async clear(): Promise<void> {
    for (const client of [0, 1] as const) {
      await this.#connect({ client, kind: 'connect', cleanStart: true, expiry: 0 })
    }
    const [actor, other] = this.#actors
    actor.connection?.send(...topics.map(topic => publishPacket(topic, '', { retain: true })))
    for (const each of [actor, other]) {
      await each.synchronise()
      each.connection?.send(disconnectPacket())
      await each.takeUntil(undefined)
    }
  }

  async #connect(step: Step & { kind: 'connect' }): Promise<void> {
    const actor = this.#actors[step.client]
    const old = new Actor()
    old.connection = actor.connection
    const connection = new TolerantClient(new TcpWire(this.#port), this.#script.versions[step.client])
    connection.send(this.#connectPacket(step))
    actor.connection = connection
    actor.unfinished = []
    await old.takeUntil(undefined)
    actor.lines.push(...old.lines)
  }

  #connectPacket({ client, cleanStart, expiry, will }: Step & { kind: 'connect' }): Packet {
    const protocolVersion = this.#script.versions[client]
    const is5 = protocolVersion === 5
    const willProperties = is5 && will?.delay ? { willDelayInterval: will.delay } : noProperties
    return connectPacket({
      protocolVersion,
      cleanStart,
      clientId: `${this.#name}-${client}`,
      properties: is5 ? { sessionExpiryInterval: expiry } : noProperties,
      will:
        will &&
        willOf(will.topic, `will of ${client}`, { qos: will.qos, retain: will.retain, properties: willProperties }),
    })
  }

  async #act(actor: Actor, step: Exclude<Step, { kind: 'connect' }>): Promise<void> {
    const connection = actor.connection!
    switch (step.kind) {
      case 'subscribe':
        return connection.send(subscribePacket(10, step.requests, step.identifier))
      case 'unsubscribe':
        return connection.send(unsubscribePacket(11, step.filters))
      case 'publish':
        return connection.send(...publishPackets(step))
      case 'release':
        return connection.send(pubrel(step.packetId))
      case 'acknowledge':
        return connection.send(...actor.acknowledgements(step.manner))
      case 'bytes':
        return connection.send(step.bytes)
      case 'disconnect':
        return this.#disconnect(actor, step)
      case 'drop':
        return this.#drop(actor)
      default:
        step satisfies never
    }
  }

  async #disconnect(actor: Actor, { reasonCode, expiry }: Step & { kind: 'disconnect' }): Promise<void> {
    const properties = expiry === undefined ? noProperties : { sessionExpiryInterval: expiry }
    actor.connection!.send(disconnectPacket({ reasonCode, properties }))
    await actor.takeUntil(undefined)
  }

  /** When our socket is gone, its end lies in the broker's socket, before anything that is sent from now on. */
  async #drop(actor: Actor): Promise<void> {
    const connection = actor.connection!
    actor.connection = undefined
    connection.drop()
    await connection.gone()
  }
}

/** A QoS 2 message is followed by its PUBREL, unless the script has another step for that. */
function publishPackets(step: Step & { kind: 'publish' }): Packet[] {
  const { topic, payload, qos, retain, dup, packetId, properties } = step
  const publish = publishPacket(topic, payload, { qos, retain, dup, packetId, properties })
  return step.isReleased ? [publish, pubrel(packetId)] : [publish]
}

/** Keeps what the broker sent that no packet can be, where others would throw. */
class TolerantClient extends RawClient<TcpWire> {
  fault: string | undefined

  override onBytes(bytes: Uint8Array): void {
    try {
      super.onBytes(bytes)
    } catch (error) {
      this.fault = `malformed: ${(error as Error).message}`
      this.drop()
    }
  }
}
