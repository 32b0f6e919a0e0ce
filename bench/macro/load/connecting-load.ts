import { setTimeout as delay } from 'node:timers/promises'
import { encodePacket, type Packet, PacketType } from '@curlew/codec'
import { Connection, plainEndpoint } from './connection.ts'
import { closeAll } from './connections.ts'
import type { Target } from './load.ts'
import { LoadState } from './load-state.ts'
import { type Round, roundBetween, snapshot } from './round.ts'

/** Connections on their way at a time: fewer than the shortest backlog of the brokers compared, or TCP's retries would be measured. */
const CONNECTING_MAX = 90
/** How often connections that are due for a PINGREQ are looked for, in milliseconds. */
const PING_TURN_MS = 20

const pingreq = encodePacket({ type: PacketType.Pingreq }, 4)

/** A client that says nothing but that it is alive. */
class IdleClient extends Connection {
  constructor(index: number, port: number, load: LoadState) {
    super(`bench-idle-${index}`, { ...plainEndpoint(port), payloadBytes: 0 }, load)
  }

  ping(): void {
    this.write(pingreq)
  }

  protected override receiveDecoded(packet: Packet): void {
    if (packet.type === PacketType.Pingresp) this.load.deliveryCount++
    else this.refuse(packet.type << 4)
  }

  protected override receive(firstByte: number): void {
    if (firstByte === PacketType.Pingresp << 4) this.load.deliveryCount++
    else this.refuse(firstByte)
  }
}

/** Connections that come in a storm and then stay, idle but for keep-alive. */
export class ConnectingLoad {
  readonly #state: LoadState
  #clients: IdleClient[] = []
  #pinging: NodeJS.Timeout | undefined

  /** @param onFailure told when the load can not go on, once or more */
  constructor(onFailure: (error: Error) => void) {
    this.#state = new LoadState(true, onFailure)
  }

  /** Adds `count` connections as fast as they can be had; latency is from the first SYN to CONNACK. */
  async connect({ port, brokerPid }: Target, count: number, keepAliveSeconds: number): Promise<Round> {
    this.#state.resetLatencies()
    const before = this.#clients.length
    const start = snapshot(before, brokerPid)
    const connectNext = async (): Promise<void> => {
      while (this.#clients.length - before < count) await this.#connectOne(port, keepAliveSeconds)
    }
    await Promise.all(Array.from({ length: CONNECTING_MAX }, connectNext))
    const end = snapshot(this.#clients.length, brokerPid)
    if (keepAliveSeconds > 0 && this.#pinging === undefined) this.#ping(keepAliveSeconds * 1000)
    return roundBetween(start, end, this.#state)
  }

  /** Connects with Sessions that stay, and leaves. */
  async leaveSessions(target: Target, count: number): Promise<void> {
    const connectNext = async (first: number): Promise<void> => {
      for (let index = first; index < count; index += CONNECTING_MAX) {
        const client = new IdleClient(index, target.port, this.#state)
        await client.connect(false)
        await client.close()
      }
    }
    await Promise.all(Array.from({ length: CONNECTING_MAX }, (_, first) => connectNext(first)))
  }

  /** Does nothing but keep the connections; what is counted is PINGRESP. */
  async hold({ brokerPid }: Target, measuredMs: number): Promise<Round> {
    const start = snapshot(this.#state.deliveryCount, brokerPid)
    await delay(measuredMs)
    return roundBetween(start, snapshot(this.#state.deliveryCount, brokerPid), this.#state)
  }

  async disconnect(): Promise<void> {
    clearInterval(this.#pinging)
    this.#pinging = undefined
    await closeAll(this.#clients)
    this.#clients = []
  }

  async #connectOne(port: number, keepAliveSeconds: number): Promise<void> {
    const client = new IdleClient(this.#clients.length, port, this.#state)
    this.#clients.push(client)
    const startMs = performance.now()
    await client.connect(true, keepAliveSeconds)
    this.#state.latencyNs.record(Math.max(1, Math.round((performance.now() - startMs) * 1e6)))
  }

  /** Each connection in turn, evenly over `everyMs`. */
  #ping(everyMs: number): void {
    const startMs = performance.now()
    let pinged = 0
    this.#pinging = setInterval(() => {
      const due = ((performance.now() - startMs) / everyMs) * this.#clients.length
      for (; pinged < due; pinged++) this.#clients[pinged % this.#clients.length]!.ping()
    }, PING_TURN_MS)
  }
}
