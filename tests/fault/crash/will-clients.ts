import { type Packet, PacketType, type Will } from '@curlew/codec'
import { Client, type ClientVersion } from './client.ts'
import type { Message } from './message.ts'
import type { Random } from './random.ts'
import type { Stage } from './stage.ts'

/** A Client that does nothing but have a Will Message, a new one with each connection. */
class WillClient extends Client {
  message: Message | undefined
  onConnected: () => void = () => undefined
  onLeft: () => void = () => undefined

  protected override connecting(): Will {
    const { clientId, stage } = this
    const sequence = stage.timeline.now
    const topic = `will/${clientId}`
    const payload = `will:${clientId}:${sequence}`
    const common = {
      kind: 'will',
      publisher: clientId,
      filter: 'will/+',
      qos: 2,
      isRetained: false,
      paddingLength: 0,
    } as const
    this.message = stage.createMessage({ ...common, topic, sequence, payload })
    this.message.sendCount = 1
    return { topic, payload: Buffer.from(payload), qos: 2, retain: false, properties: {} }
  }

  protected connected(): void {
    this.onConnected()
  }

  protected override left(): void {
    if (this.stage.port !== undefined) this.onLeft()
  }

  protected receive(packet: Packet): void {
    if (packet.type !== PacketType.Pingresp) this.reportUnexpected(packet, 'it has only a Will')
  }
}

/** How often a client whose Will is due comes back. */
const RETURN_PROBABILITY = 0.3

/**
 * Wills of clients that are connected when the broker is killed: they must come out afterwards, exactly once. Before each of them there
 * was one who left with DISCONNECT: that Will must not come out.
 */
export class WillClients {
  readonly #stage: Stage
  readonly #random: Random
  readonly #version: ClientVersion
  #leaver: WillClient | undefined
  #stayer: WillClient | undefined

  constructor(stage: Stage, random: Random, version: ClientVersion) {
    this.#stage = stage
    this.#random = random
    this.#version = version
  }

  /** One client leaves properly; when that is over another one comes, who stays until the broker dies. */
  brokerStarted(): void {
    const { round } = this.#stage.timeline
    const leaver = this.#newClient(`leaver-${round}`)
    const stayer = this.#returningClient() ?? this.#newClient(`stayer-${round}`)
    leaver.onConnected = () => leaver.goOffline('disconnect')
    leaver.onLeft = () => stayer.goOnline()
    stayer.onConnected = () => {
      // The broker has answered a request that it got after it had closed the leaver's connection.
      leaver.message!.isForbidden = true
    }
    this.#leaver = leaver
    this.#stayer = stayer
    leaver.goOnline()
  }

  /** From here on the Will of whoever was connected is due. */
  brokerKilled(): void {
    const stayer = this.#stayer
    const { now } = this.#stage.timeline
    if (stayer?.isConnected) {
      stayer.message!.acknowledgedAt = now
      stayer.message!.settledAt = now
    }
    stayer?.goOffline('cut')
    this.#leaver?.goOffline('cut')
  }

  #newClient(clientId: string): WillClient {
    return new WillClient(clientId, this.#version, this.#stage)
  }

  /** Sometimes the one who was there before, whose Will then may or may not have been published (section 3.1.3.2.2). */
  #returningClient(): WillClient | undefined {
    const stayer = this.#stayer
    if (stayer?.message === undefined || !this.#random.chance(RETURN_PROBABILITY)) return undefined
    stayer.message.acknowledgedAt = undefined
    stayer.message.settledAt = undefined
    return stayer
  }
}
