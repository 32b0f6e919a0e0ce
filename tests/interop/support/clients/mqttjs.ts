import type { Duplex } from 'node:stream'
import { within } from '../bounded-wait.ts'
import type { MessageProperties, QoS } from '../inbox.ts'
import {
  type ClientFamily,
  type ConnectOptions,
  InteropClient,
  type OutgoingMessage,
  type ProtocolVersion,
  variants,
} from '../interop-client.ts'
import type { Link } from '../link.ts'
import { loadPeer, missingPeer } from '../peers.ts'

/** The part of MQTT.js that its versions 3, 4 and 5 have in common. */
interface MqttJsProperties {
  contentType?: string
  responseTopic?: string
  correlationData?: Buffer
  userProperties?: Record<string, string | string[]>
}

interface MqttJsPublish {
  qos: QoS
  retain: boolean
  dup: boolean
  properties?: MqttJsProperties
}

type Callback<T> = (error: Error | null | undefined, result?: T) => void

interface MqttJsClient {
  readonly stream: Duplex
  on(event: 'connect', listener: (connack: { sessionPresent: boolean }) => void): this
  on(event: 'message', listener: (topic: string, payload: Buffer, packet: MqttJsPublish) => void): this
  on(event: 'disconnect', listener: (packet: { reasonCode?: number }) => void): this
  on(event: 'error', listener: (error: Error) => void): this
  on(event: 'close', listener: () => void): this
  publish(topic: string, payload: string | Buffer, options: object, callback: Callback<unknown>): void
  subscribe(filters: Record<string, { qos: QoS }>, callback: Callback<{ qos: number }[]>): void
  unsubscribe(filter: string, callback: Callback<unknown>): void
  end(force: boolean, options: object, callback: () => void): void
}

interface MqttJs {
  connect(url: string, options: object): MqttJsClient
}

export type MqttJsPackage = 'mqtt' | 'mqtt4' | 'mqtt3'

/** MQTT.js as one of the aliases of `tests/peers`. */
export function mqttJs(packageName: MqttJsPackage, name: string): ClientFamily {
  const all: readonly ProtocolVersion[] = [3, 4, 5]
  return {
    name,
    unavailable: missingPeer(packageName),
    variants: variants(all, ['tcp', 'ws']),
    open: (options, link) => MqttJsInteropClient.open(loadPeer<MqttJs>(packageName), options, link),
  }
}

class MqttJsInteropClient extends InteropClient {
  readonly #client: MqttJsClient
  #reasonCode: number | undefined
  #ended: Promise<void> | undefined

  private constructor(mqttJs: MqttJs, options: ConnectOptions, link: Link) {
    super(link)
    const path = options.transport === 'ws' ? '/mqtt' : ''
    const scheme = options.transport === 'ws' ? 'ws' : 'mqtt'
    this.#client = mqttJs.connect(`${scheme}://${link.host}:${link.port}${path}`, connectOptions(options))
    this.#client.on('message', (topic, payload, { qos, retain, dup, properties }) => {
      this.inbox.push({ topic, payload, qos, retain, dup, properties: messageProperties(properties) })
    })
    this.#client.on('disconnect', ({ reasonCode }) => {
      this.#reasonCode = reasonCode
    })
    this.#client.on('close', () => this.noticeDisconnected(this.#reasonCode))
  }

  static async open(mqttJs: MqttJs, options: ConnectOptions, link: Link): Promise<InteropClient> {
    const client = new MqttJsInteropClient(mqttJs, options, link)
    await client.#connected(options)
    if (options.subscriptions.length > 0) await client.#subscribe(options)
    return client
  }

  publish({ topic, payload, qos, retain = false, properties }: OutgoingMessage): Promise<void> {
    const options = properties === undefined ? { qos, retain } : { qos, retain, properties: wireProperties(properties) }
    const published = settled(callback => this.#client.publish(topic, payload, options, callback))
    return within(published, () => `the acknowledgement of a QoS ${qos} message on ${topic}`).then(() => {})
  }

  async unsubscribe(filter: string): Promise<void> {
    await within(
      settled(callback => this.#client.unsubscribe(filter, callback)),
      () => 'UNSUBACK',
    )
  }

  disconnect(): Promise<void> {
    return this.#end(false)
  }

  dispose(): Promise<void> {
    return this.#end(true)
  }

  /** Ends the client once: MQTT.js 3 does not answer a second time. */
  #end(force: boolean): Promise<void> {
    this.#ended ??= new Promise(resolve => this.#client.end(force, {}, resolve))
    return within(this.#ended, () => 'MQTT.js to end')
  }

  #connected(options: ConnectOptions): Promise<void> {
    const connack = new Promise<void>((resolve, reject) => {
      this.#client.on('error', reject)
      this.#client.on('close', () => reject(new Error('the connection was closed before CONNACK')))
      this.#client.on('connect', ({ sessionPresent }) => {
        if (options.version > 3) this.sessionPresent = sessionPresent
        resolve()
      })
    })
    return within(connack, () => 'CONNACK')
  }

  async #subscribe({ subscriptions }: ConnectOptions): Promise<void> {
    const map = Object.fromEntries(subscriptions.map(({ filter, qos }) => [filter, { qos }]))
    const suback = settled<{ qos: number }[]>(callback => this.#client.subscribe(map, callback))
    const granted = await within(suback, () => 'SUBACK')
    this.granted = granted?.map(({ qos }) => qos) ?? []
  }
}

function connectOptions(options: ConnectOptions): object {
  const { version, clientId, clean, keepAlive, will, sessionExpiryInterval } = options
  return {
    protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    protocolVersion: version,
    clientId,
    clean,
    keepalive: keepAlive,
    reconnectPeriod: 0,
    ...(version === 5 ? { properties: { sessionExpiryInterval } } : {}),
    ...(will === undefined ? {} : { will: { retain: false, ...will } }),
  }
}

function settled<T>(start: (callback: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))))
}

function wireProperties({ userProperties, ...properties }: MessageProperties): MqttJsProperties {
  return { ...properties, userProperties: Object.fromEntries(userProperties) }
}

function messageProperties(properties: MqttJsProperties | undefined): MessageProperties | undefined {
  if (properties?.contentType === undefined) return undefined
  const { contentType, responseTopic = '', correlationData = Buffer.alloc(0), userProperties = {} } = properties
  const pairs = Object.entries(userProperties).flatMap(([name, value]) =>
    [value].flat().map(one => [name, one] as const),
  )
  return { contentType, responseTopic, correlationData, userProperties: pairs }
}
