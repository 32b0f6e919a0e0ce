import {
  type Connack,
  type ConnackProperties,
  noProperties,
  type Packet,
  PacketType,
  packetTypeName,
  type Will,
} from '@curlew/codec'
import { Connection } from './connection.ts'
import type { Stage } from './stage.ts'

/** 3.1.1 keeps a Session with Clean Session 0, 5.0 with a Session Expiry Interval. */
export type ClientVersion = 4 | 5

/** Longer than any run, shorter than what brokers allow. */
const SESSION_EXPIRY_SECONDS = 6 * 24 * 60 * 60

/** Events after which a refused client tries again. */
const REFUSED_EVENTS = 50

/**
 * A Client with a Session that is to survive everything. It connects whenever it is wanted and the broker is there, and knows
 * whether the broker must have its Session.
 *
 *     offline ── CONNECT ─▶ connecting ── CONNACK ─▶ connected
 *        └───────────────────────┴──── closed ───────────┘
 */
export abstract class Client {
  readonly clientId: string
  readonly version: ClientVersion
  protected readonly stage: Stage
  #state: 'offline' | 'connecting' | 'connected' = 'offline'
  #connection: Connection | undefined
  #isWanted = false
  #isEndExpected = false
  /** Whether the broker has the Session; `maybe` when a CONNECT was sent and none has been answered. */
  #session: 'no' | 'maybe' | 'yes' = 'no'
  /** What the CONNACK that is awaited must say of it. */
  #expected: 'no' | 'maybe' | 'yes' = 'no'
  /** The next CONNECT says Clean Start, until one with it has been answered. */
  #wantsCleanStart = false

  constructor(clientId: string, version: ClientVersion, stage: Stage) {
    this.clientId = clientId
    this.version = version
    this.stage = stage
  }

  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  get isWanted(): boolean {
    return this.#isWanted
  }

  /** Connects as soon as there is a broker, and again after each end that was not its own. */
  goOnline(): void {
    this.#isWanted = true
    this.#connect()
  }

  /** Leaves, with DISCONNECT or by cutting the connection, and stays away. */
  goOffline(how: 'disconnect' | 'cut'): void {
    this.#isWanted = false
    this.#leave(how)
  }

  /** Leaves and comes back at once. */
  reconnect(how: 'disconnect' | 'cut'): void {
    this.#leave(how)
    this.#connect()
  }

  /** Gives up the Session and begins a new one. */
  startClean(): void {
    this.#wantsCleanStart = true
    this.sessionDiscarded()
    this.#leave('cut')
    this.#connect()
  }

  /** Loses its connection, and comes back when the broker listens again. */
  cut(): void {
    this.#leave('cut')
  }

  /** The broker listens again. */
  brokerStarted(): void {
    if (this.#isWanted) this.#connect()
  }

  protected send(packet: Packet): void {
    this.stage.timeline.advance()
    this.stage.trace(this.clientId, '>', packet)
    this.#connection?.send(packet)
  }

  /** CONNECT is about to be sent: what it carries may be in effect from now on. @returns its Will */
  protected connecting(): Will | undefined {
    return undefined
  }

  /** @param isNew whether the Session is a new one, so that nothing of an older one counts any more */
  protected abstract connected(isNew: boolean, properties: ConnackProperties): void
  protected abstract receive(packet: Packet): void
  protected disconnected(): void {}

  /** A connection that the Client left is closed on both sides. */
  protected left(): void {}

  /** {@link startClean} was called: what the broker still has for this Client need not come. */
  protected sessionDiscarded(): void {}

  protected reportUnexpected(packet: Packet, why: string): void {
    const identifier = 'packetId' in packet ? ` ${packet.packetId}` : ''
    this.stage.report('protocolErrors', `${this.clientId} got ${packetTypeName(packet.type)}${identifier}: ${why}`)
  }

  #connect(): void {
    const { port } = this.stage
    if (port === undefined || this.#state !== 'offline') return
    this.#state = 'connecting'
    this.#isEndExpected = false
    this.stage.connectionCount++
    const connection = new Connection(port, this.version, {
      receive: packet => {
        if (this.#connection !== connection) return
        this.stage.timeline.advance()
        this.stage.trace(this.clientId, '<', packet)
        // The event may have been the one at which the connection was to be cut.
        if (this.#connection === connection) this.#receive(packet)
      },
      closed: fault => this.#closed(connection, fault),
    })
    this.#connection = connection
    const will = this.connecting()
    this.#expected = this.#wantsCleanStart ? 'no' : this.#session
    if (this.#session === 'no') this.#session = 'maybe'
    this.send({
      type: PacketType.Connect,
      protocolVersion: this.version,
      cleanStart: this.#wantsCleanStart && this.version === 5,
      keepAlive: 0,
      clientId: this.clientId,
      will,
      userName: undefined,
      password: undefined,
      properties: this.version === 5 ? { sessionExpiryInterval: SESSION_EXPIRY_SECONDS } : noProperties,
    })
  }

  #receive(packet: Packet): void {
    if (packet.type === PacketType.Disconnect) {
      this.reportUnexpected(packet, `reason ${packet.reasonCode}`)
      return
    }
    if (this.#state === 'connected') this.receive(packet)
    else if (packet.type === PacketType.Connack) this.#answered(packet)
    else this.reportUnexpected(packet, 'before CONNACK')
  }

  #answered({ reasonCode, sessionPresent, properties }: Connack): void {
    if (reasonCode !== 0) {
      this.stage.report('protocolErrors', `${this.clientId} was refused with ${reasonCode}`)
      this.#isEndExpected = true
      this.#connection?.destroy()
      this.stage.timeline.after(REFUSED_EVENTS, () => this.brokerStarted())
      return
    }
    this.#checkSession(sessionPresent)
    this.#session = 'yes'
    this.#wantsCleanStart = false
    this.#state = 'connected'
    this.connected(!sessionPresent, properties)
  }

  /** Session Present must tell the truth [MQTT-3.2.2-2], [MQTT-3.2.2-3]. */
  #checkSession(isPresent: boolean): void {
    const claim = isPresent ? 'yes' : 'no'
    if (this.#expected === 'maybe' || this.#expected === claim) return
    const what = isPresent ? 'there is a Session, and can not be' : 'there is no Session, and must be'
    this.stage.report('sessionsLost', `${this.clientId} was told that ${what}`)
  }

  #leave(how: 'disconnect' | 'cut'): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#isEndExpected = true
    if (how === 'cut' || this.#state !== 'connected') {
      connection.destroy()
      this.#forget()
      return
    }
    this.send({ type: PacketType.Disconnect, reasonCode: 0, properties: noProperties })
    connection.end()
    this.#forget()
  }

  /** The connection is as good as closed; what still comes by it is not looked at. */
  #forget(): void {
    this.#connection = undefined
    this.#state = 'offline'
    this.disconnected()
  }

  #closed(connection: Connection, fault: Error | undefined): void {
    this.stage.connectionCount--
    if (fault !== undefined) this.stage.report('protocolErrors', `${this.clientId}: ${fault.message}`)
    if (this.#connection !== connection) {
      this.left()
    } else {
      const isBrokerUp = this.stage.port !== undefined
      if (isBrokerUp && !this.#isEndExpected) this.stage.report('protocolErrors', `${this.clientId} was cut off`)
      this.#forget()
    }
    this.stage.timeline.advance()
    if (this.#isWanted) this.#connect()
  }
}
