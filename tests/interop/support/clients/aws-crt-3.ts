import { within } from '../bounded-wait.ts'
import type { QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type Variant,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { loadPeer, missingPeer } from '../peers.ts'

interface CrtConnection {
  on(
    event: 'message',
    listener: (topic: string, payload: ArrayBuffer, dup: boolean, qos: QoS, retain: boolean) => void,
  ): this
  on(event: 'interrupt', listener: () => void): this
  /** Resolves to Session Present. */
  connect(): Promise<boolean>
  publish(topic: string, payload: string | Buffer, qos: QoS, retain: boolean): Promise<unknown>
  subscribe(filter: string, qos: QoS): Promise<{ qos: number; error_code?: number }>
  unsubscribe(filter: string): Promise<unknown>
  disconnect(): Promise<void>
}

interface Crt {
  mqtt: { MqttClient: new () => { new_connection(options: object): CrtConnection } }
  io: { SocketOptions: new () => object }
}

const lacks: Variant['lacks'] = {
  'many filters in one SUBSCRIBE': 'aws-crt sends one SUBSCRIBE for each filter with MQTT 3.1.1',
  'QoS 2 messages handed over at PUBREL':
    'aws-crt hands QoS 2 messages over at PUBLISH, and does not know them in the next connection',
}

/** The MQTT 3.1.1 client of the AWS Common Runtime, in C. */
export const awsCrt3: ClientFamily = {
  name: 'aws-crt mqtt',
  unavailable: missingPeer('aws-crt'),
  variants: [
    { version: 4, transport: 'tcp', lacks },
    { version: 4, transport: 'ws', lacks },
  ],
  open: (options, link) => AwsCrt3Client.open(options, link),
}

class AwsCrt3Client extends InteropClient {
  readonly #connection: CrtConnection
  #ended: Promise<void> | undefined

  private constructor(options: ConnectOptions, link: Link) {
    super(link)
    const { mqtt, io } = loadPeer<Crt>('aws-crt')
    const { clientId, clean, keepAlive, will, transport } = options
    const useWebSocket = {
      use_websocket: true,
      websocket_handshake_transform: (_request: unknown, done: () => void) => done(),
    }
    this.#connection = new mqtt.MqttClient().new_connection({
      client_id: clientId,
      host_name: link.host,
      port: link.port,
      clean_session: clean,
      keep_alive: keepAlive,
      socket_options: new io.SocketOptions(),
      will: will && { retain: false, ...will },
      ...(transport === 'ws' ? useWebSocket : {}),
    })
    this.#connection.on('message', (topic, payload, dup, qos, retain) => {
      this.inbox.push({ topic, payload: bytesOf(payload), dup, qos, retain })
    })
    this.#connection.on('interrupt', () => this.noticeDisconnected())
  }

  static async open(options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new AwsCrt3Client(options, link)
    client.sessionPresent = await within(client.#connection.connect(), () => 'CONNACK')
    const granted = options.subscriptions.map(({ filter, qos }) => client.#connection.subscribe(filter, qos))
    client.granted = (await within(Promise.all(granted), () => 'every SUBACK')).map(({ qos }) => qos)
    return client
  }

  async publish({ topic, payload, qos, retain = false }: OutgoingMessage): Promise<void> {
    const published = this.#connection.publish(topic, payload, qos, retain)
    await within(published, () => `the acknowledgement of a QoS ${qos} message on ${topic}`)
  }

  async unsubscribe(filter: string): Promise<void> {
    await within(this.#connection.unsubscribe(filter), () => 'UNSUBACK')
  }

  disconnect(): Promise<void> {
    return this.dispose()
  }

  /** Once only: the native connection is gone afterwards. */
  dispose(): Promise<void> {
    this.#ended ??= this.#connection.disconnect()
    return within(this.#ended, () => 'aws-crt to disconnect')
  }
}

/**
 * A copy of the bytes, because they are the runtime's. It hands over a detached ArrayBuffer for a zero-length payload,
 * of which no Buffer can be made, and an exception in a listener ends the whole process.
 */
function bytesOf(payload: ArrayBuffer): Buffer {
  return payload.byteLength === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(payload))
}
