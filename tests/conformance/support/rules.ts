import { type Broker, type BrokerOptions, createBroker } from '@curlew/broker'
import type { Connect, ProtocolVersion } from '@curlew/codec'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { connectPacket } from '../../../packages/broker/test/support/packets.ts'
import { RawClient } from '../../../packages/broker/test/support/raw-client.ts'
import { TcpWire } from '../../../packages/broker/test/support/tcp-wire.ts'

/** A client that speaks bytes over a real socket. */
export type Client = RawClient<TcpWire>

/** What the tests of a file play against: a broker of their own on a free port, and the clients of each test. */
export interface Server {
  readonly broker: Broker
  /** A Network Connection on which nothing has been sent. */
  open(version?: ProtocolVersion): Client
  /** Connects; what the broker answers waits in the inbox. */
  dial(fields?: Partial<Connect>): Client
  /** Connects and takes the CONNACK, which must accept. @returns the client and the CONNACK as text */
  connect(fields?: Partial<Connect>): Promise<Client>
}

/** Starts a broker for the tests of the file or group it is called in; connections are dropped after each test. */
export function serverFor(options: BrokerOptions = {}): Server {
  let broker: Broker | undefined
  let port = 0
  const clients: Client[] = []
  beforeAll(async () => {
    broker = createBroker(options)
    port = (await broker.listen({ protocol: 'mqtt' })).port
  })
  afterEach(() => {
    for (const client of clients.splice(0)) client.drop()
  })
  afterAll(() => broker?.close())
  const open = (version: ProtocolVersion = 5): Client => {
    const client = new RawClient(new TcpWire(port), version)
    clients.push(client)
    return client
  }
  const dial = (fields: Partial<Connect> = {}): Client => {
    const packet = connectPacket(fields)
    const client = open(packet.protocolVersion)
    client.send(packet)
    return client
  }
  return {
    get broker() {
      return broker!
    },
    open,
    dial,
    async connect(fields = {}) {
      const client = dial(fields)
      const connack = await client.next()
      if (!connack.startsWith('CONNACK 00')) throw new Error(`refused: ${connack}`)
      return client
    },
  }
}
