import type { Duplex } from 'node:stream'
import type { Client } from './client.ts'
import { connect } from './connect.ts'
import type { ConnectOptions } from './options.ts'
import type { Transport } from './transport/byte-stream.ts'
import { duplexPair } from './transport/duplex-pair.ts'
import { duplexStream } from './transport/duplex-stream.ts'

export { duplexPair }

/** The part of a broker that is used: `Broker` of `@curlew/broker`, or anything else that serves a stream of bytes. */
export interface InProcessServer {
  attach(stream: Duplex): Promise<void>
}

/**
 * A way to a broker in this process, without a socket: what {@link connectInProcess} connects with.
 *
 * @example
 * const broker = createBroker()
 * const client = await connect([], { transport: inProcessTransport(broker), clientId: 'clock' })
 */
export function inProcessTransport(broker: InProcessServer): Transport {
  return {
    async connect() {
      const [ours, theirs] = duplexPair()
      const stream = duplexStream(ours)
      await broker.attach(theirs)
      return stream
    },
  }
}

/**
 * Connects to a broker in this process, without a socket. The Client is like any other: versions, Sessions, reconnects.
 *
 * @returns when the broker has accepted
 * @throws {ClientError} as `connect`
 * @example
 * const broker = createBroker()
 * const client = await connectInProcess(broker)
 */
export function connectInProcess(broker: InProcessServer, options: ConnectOptions = {}): Promise<Client> {
  return connect([], { ...options, transport: inProcessTransport(broker) })
}
