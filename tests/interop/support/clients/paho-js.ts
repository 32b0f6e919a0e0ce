import { within } from '../bounded-wait.ts'
import type { QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type ProtocolVersion,
  type Variant,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { loadPeer, missingPeer } from '../peers.ts'

interface PahoMessage {
  destinationName: string
  readonly payloadBytes: Uint8Array
  qos: QoS
  retained: boolean
  readonly duplicate: boolean
}

interface PahoFailure {
  errorCode: number
  errorMessage: string
}

interface PahoClient {
  onMessageArrived: (message: PahoMessage) => void
  onMessageDelivered: (message: PahoMessage) => void
  onConnectionLost: (failure: PahoFailure) => void
  connect(options: object): void
  send(message: PahoMessage): void
  subscribe(filters: readonly string[], options: object): void
  unsubscribe(filter: string, options: object): void
  disconnect(): void
  isConnected(): boolean
}

interface Paho {
  Client: new (host: string, port: number, path: string, clientId: string) => PahoClient
  Message: new (payload: string | Uint8Array) => PahoMessage
}

const MISSING = missingPeer('paho-mqtt') ?? missingPeer('ws')

/** Eclipse Paho for browsers, the client of many dashboards, with the WebSocket of `ws`. */
export const pahoJs: ClientFamily = {
  name: 'paho-mqtt (JavaScript)',
  unavailable: MISSING,
  variants: ([3, 4] as const).map((version: ProtocolVersion): Variant => ({ version, transport: 'ws', lacks: {} })),
  open: (options, link) => PahoJsClient.open(options, link),
}

/** What paho needs of a browser: WebSocket, and a Storage for its messages in flight. */
function loadPaho(): Paho {
  const stored = new Map<string, string>()
  const localStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
    key: (index: number) => [...stored.keys()][index] ?? null,
    get length() {
      return stored.size
    },
  }
  Object.assign(globalThis, { WebSocket: loadPeer('ws'), localStorage })
  return loadPeer<Paho>('paho-mqtt')
}

let paho: Paho | undefined

class PahoJsClient extends InteropClient {
  readonly #paho: Paho
  readonly #client: PahoClient
  readonly #delivered = new Map<PahoMessage, () => void>()

  private constructor(options: ConnectOptions, link: Link) {
    super(link)
    paho ??= loadPaho()
    this.#paho = paho
    this.#client = new paho.Client(link.host, link.port, '/mqtt', options.clientId)
    this.#client.onMessageArrived = message => this.#receive(message)
    this.#client.onMessageDelivered = message => this.#delivered.get(message)?.()
    this.#client.onConnectionLost = () => this.noticeDisconnected()
  }

  static async open(options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new PahoJsClient(options, link)
    await client.#connect(options)
    if (options.subscriptions.length > 0) await client.#subscribe(options)
    return client
  }

  publish({ topic, payload, qos, retain = false }: OutgoingMessage): Promise<void> {
    const message = new this.#paho.Message(payload)
    message.destinationName = topic
    message.qos = qos
    message.retained = retain
    const delivered = new Promise<void>(resolve => this.#delivered.set(message, resolve))
    this.#client.send(message)
    return within(delivered, () => `the acknowledgement of a QoS ${qos} message on ${topic}`)
  }

  async unsubscribe(filter: string): Promise<void> {
    const unsuback = settled(callbacks => this.#client.unsubscribe(filter, callbacks))
    await within(unsuback, () => 'UNSUBACK')
  }

  async disconnect(): Promise<void> {
    this.#client.disconnect()
    await this.disconnected()
  }

  async dispose(): Promise<void> {
    if (this.#client.isConnected()) await this.disconnect()
  }

  async #connect({ version, clean, keepAlive, will }: ConnectOptions): Promise<void> {
    const connack = settled(callbacks =>
      this.#client.connect({
        ...callbacks,
        mqttVersion: version,
        mqttVersionExplicit: true, // Otherwise paho tries another version when this one is refused.
        cleanSession: clean,
        keepAliveInterval: keepAlive,
        ...(will && { willMessage: this.#willMessage(will) }),
      }),
    )
    await within(connack, () => 'CONNACK')
  }

  async #subscribe({ subscriptions }: ConnectOptions): Promise<void> {
    const filters = subscriptions.map(({ filter }) => filter)
    const { qos } = subscriptions[0]! // One QoS for all filters is all that paho can express.
    const suback = settled<{ grantedQos: ArrayLike<number> }>(callbacks =>
      this.#client.subscribe(filters, { qos, ...callbacks }),
    )
    const { grantedQos } = await within(suback, () => 'SUBACK')
    this.granted = Array.from(grantedQos)
  }

  #willMessage({ topic, payload, qos, retain = false }: OutgoingMessage): PahoMessage {
    const message = new this.#paho.Message(payload)
    return Object.assign(message, { destinationName: topic, qos, retained: retain })
  }

  #receive({ destinationName, payloadBytes, qos, retained, duplicate }: PahoMessage): void {
    const payload = Buffer.from(payloadBytes)
    this.inbox.push({ topic: destinationName, payload, qos, retain: retained, dup: duplicate })
  }
}

interface PahoCallbacks<T> {
  onSuccess: (result: T) => void
  onFailure: (failure: PahoFailure) => void
}

function settled<T>(start: (callbacks: PahoCallbacks<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onFailure = ({ errorMessage }: PahoFailure) => reject(new Error(errorMessage))
    start({ onSuccess: resolve, onFailure })
  })
}
