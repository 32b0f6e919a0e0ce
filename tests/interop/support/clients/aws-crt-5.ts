import { Signal, within } from '../bounded-wait.ts'
import type { MessageProperties, QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type Variant,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { loadPeer, missingPeer } from '../peers.ts'

interface CrtPublish {
  topicName: string
  payload?: ArrayBuffer | Buffer | string
  qos: QoS
  retain?: boolean
  contentType?: string
  responseTopic?: string
  correlationData?: ArrayBuffer | Buffer
  userProperties?: { name: string; value: string }[]
}

interface CrtClient {
  on(event: 'messageReceived', listener: (event: { message: CrtPublish }) => void): this
  on(event: 'connectionSuccess', listener: (event: { settings: { rejoinedSession: boolean } }) => void): this
  on(event: 'connectionFailure', listener: (event: { error: Error; connack?: { reasonCode: number } }) => void): this
  on(event: 'disconnection', listener: (event: { disconnect?: { reasonCode: number } }) => void): this
  on(event: 'stopped', listener: () => void): this
  start(): void
  stop(disconnect?: { reasonCode: number }): void
  close(): void
  publish(packet: CrtPublish): Promise<{ reasonCode: number } | undefined>
  subscribe(packet: { subscriptions: { topicFilter: string; qos: QoS }[] }): Promise<{ reasonCodes: number[] }>
  unsubscribe(packet: { topicFilters: string[] }): Promise<{ reasonCodes: number[] }>
}

interface Crt {
  mqtt5: {
    Mqtt5Client: new (options: object) => CrtClient
    ClientSessionBehavior: { Clean: number; RejoinAlways: number }
  }
}

const noQos2 = 'aws-crt has no QoS 2 with MQTT 5'
const lacks: Variant['lacks'] = { 'QoS 2': noQos2, 'QoS 2 subscriptions': noQos2 }

/** The MQTT 5 client of the AWS Common Runtime, in C: strict about what a Server sends. */
export const awsCrt5: ClientFamily = {
  name: 'aws-crt mqtt5',
  unavailable: missingPeer('aws-crt'),
  variants: [
    { version: 5, transport: 'tcp', lacks },
    { version: 5, transport: 'ws', lacks },
  ],
  open: (options, link) => AwsCrt5Client.open(options, link),
}

class AwsCrt5Client extends InteropClient {
  readonly #client: CrtClient
  readonly #connected = new Signal<boolean>()
  readonly #stopped = new Signal<void>()
  #isEnding = false

  private constructor(options: ConnectOptions, link: Link) {
    super(link)
    const { mqtt5 } = loadPeer<Crt>('aws-crt')
    const { Clean, RejoinAlways } = mqtt5.ClientSessionBehavior
    const handshake = { websocketHandshakeTransform: (_request: unknown, done: () => void) => done() }
    this.#client = new mqtt5.Mqtt5Client({
      hostName: link.host,
      port: link.port,
      sessionBehavior: options.clean ? Clean : RejoinAlways,
      connectProperties: connectProperties(options),
      ...(options.transport === 'ws' ? handshake : {}),
    })
    this.#client.on('messageReceived', ({ message }) => this.#receive(message))
    this.#client.on('connectionSuccess', ({ settings }) => this.#connected.resolve(settings.rejoinedSession))
    this.#client.on('connectionFailure', ({ error }) => this.#connected.reject(error))
    this.#client.on('disconnection', ({ disconnect }) => this.noticeDisconnected(disconnect?.reasonCode))
    this.#client.on('stopped', () => this.#stopped.resolve())
  }

  static async open(options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new AwsCrt5Client(options, link)
    client.#client.start()
    client.sessionPresent = await within(client.#connected.promise, () => 'CONNACK')
    const subscriptions = options.subscriptions.map(({ filter, qos }) => ({ topicFilter: filter, qos }))
    if (subscriptions.length === 0) return client
    const suback = await within(client.#client.subscribe({ subscriptions }), () => 'SUBACK')
    client.granted = suback.reasonCodes
    return client
  }

  async publish({ topic, payload, qos, retain = false, properties }: OutgoingMessage): Promise<void> {
    const packet = { topicName: topic, payload, qos, retain, ...(properties && wireProperties(properties)) }
    await within(this.#client.publish(packet), () => `the acknowledgement of a QoS ${qos} message on ${topic}`)
  }

  async unsubscribe(filter: string): Promise<void> {
    await within(this.#client.unsubscribe({ topicFilters: [filter] }), () => 'UNSUBACK')
  }

  disconnect(): Promise<void> {
    return this.dispose()
  }

  async dispose(): Promise<void> {
    if (!this.#isEnding) this.#client.stop({ reasonCode: 0 })
    this.#isEnding = true
    await within(this.#stopped.promise, () => 'aws-crt to stop')
    this.#client.close()
  }

  #receive({ topicName, payload, qos, retain = false, ...properties }: CrtPublish): void {
    this.inbox.push({
      topic: topicName,
      payload: bytesOf(payload),
      qos,
      retain,
      dup: 'unknown',
      properties: messageProperties(properties),
    })
  }
}

function connectProperties({ clientId, keepAlive, sessionExpiryInterval, will }: ConnectOptions): object {
  return {
    clientId,
    keepAliveIntervalSeconds: keepAlive,
    sessionExpiryIntervalSeconds: sessionExpiryInterval,
    ...(will && {
      will: { topicName: will.topic, payload: will.payload, qos: will.qos, retain: will.retain ?? false },
    }),
  }
}

function wireProperties({ userProperties, ...properties }: MessageProperties): Partial<CrtPublish> {
  return { ...properties, userProperties: userProperties.map(([name, value]) => ({ name, value })) }
}

function messageProperties(properties: Partial<CrtPublish>): MessageProperties | undefined {
  const { contentType, responseTopic = '', correlationData, userProperties = [] } = properties
  if (contentType === undefined) return undefined
  return {
    contentType,
    responseTopic,
    correlationData: bytesOf(correlationData),
    userProperties: userProperties.map(({ name, value }) => [name, value] as const),
  }
}

/** A copy of the bytes, because they are the runtime's. Of a zero-length payload it may have none or a detached one. */
function bytesOf(payload: ArrayBuffer | Buffer | string | undefined): Buffer {
  if (payload === undefined || typeof payload === 'string') return Buffer.from(payload ?? '')
  return payload.byteLength === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(payload as ArrayBuffer))
}
