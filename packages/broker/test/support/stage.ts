import type { Connect, ProtocolVersion } from '@curlew/codec'
import { type Broker, type BrokerOptions, createBroker, type Limits, type Store } from '../../src/index.ts'
import { MemoryWire } from './memory-stream.ts'
import { connectPacket } from './packets.ts'
import { RawClient } from './raw-client.ts'
import { RecordingLog } from './recording-log.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

export interface StageOptions
  extends Pick<BrokerOptions, 'capabilities' | 'routing' | 'authenticationMethods' | 'queuePolicy'> {
  limits?: Partial<Limits>
  store?: Store
  /** To let one broker follow another in the same time. */
  runtime?: VirtualRuntime
}

/**
 * Where most tests play: a broker in virtual time with clients in memory. Nothing of it outlives the test. `$SYS` is off unless a test
 * asks for it: its timer would go on through every year that a test lets pass.
 */
export class Stage {
  readonly runtime: VirtualRuntime
  readonly log = new RecordingLog()
  readonly broker: Broker

  constructor({ runtime = new VirtualRuntime(), ...options }: StageOptions = {}) {
    this.runtime = runtime
    const limits = { sysIntervalMs: 0, ...options.limits }
    this.broker = createBroker({ ...options, limits, runtime, log: this.log })
  }

  /** A Network Connection on which nothing has been sent. @param remoteAddress default: that of streams without one */
  async open(version: ProtocolVersion = 5, remoteAddress?: string): Promise<RawClient<MemoryWire>> {
    const wire = new MemoryWire(() => this.runtime.settle())
    if (remoteAddress !== undefined) Object.assign(wire.server, { remoteAddress })
    const client = new RawClient(wire, version)
    await this.broker.attach(wire.server)
    await this.settle()
    return client
  }

  /** Connects; what the broker answers waits in the inbox. */
  async dial(fields: Partial<Connect> = {}): Promise<RawClient<MemoryWire>> {
    const packet = connectPacket(fields)
    const client = await this.open(packet.protocolVersion)
    client.send(packet)
    await this.settle()
    return client
  }

  /** Connects and takes the CONNACK, which must accept. */
  async connect(fields: Partial<Connect> = {}): Promise<RawClient<MemoryWire>> {
    const client = await this.dial(fields)
    const connack = await client.next()
    if (!connack.startsWith('CONNACK 00')) throw new Error(`refused: ${connack}`)
    return client
  }

  settle(): Promise<void> {
    return this.runtime.settle()
  }

  advance(durationMs: number): Promise<void> {
    return this.runtime.advance(durationMs)
  }
}

/** Fields of a CONNECT whose Session outlives the connection, in either version. */
export function persistent(version: ProtocolVersion, clientId: string): Partial<Connect> {
  const properties = version === 5 ? { sessionExpiryInterval: 3600 } : {}
  return { protocolVersion: version, clientId, cleanStart: false, properties }
}
