import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect, request } from '@curlew/client'
import { openBare } from './bare-client.ts'

/** The same of both libraries, as little above them as can be. */
export interface LibraryClient {
  publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<unknown>
  /** @returns what ends it */
  subscribe(filter: string, qos: 0 | 1, onMessage: () => void): Promise<() => Promise<unknown>>
  request(topic: string, payload: Uint8Array): Promise<unknown>
  close(): Promise<unknown>
}

/** `bare` is the floor that neither can go below, see `bare-client.ts`. */
export type LibraryName = 'curlew' | 'mqttjs' | 'bare'

const peers = new URL('../../../tests/peers/package.json', import.meta.url)

/** Whether MQTT.js is among the peers of the tests. */
export const hasMqttJs: boolean = existsSync(new URL('node_modules/mqtt', peers))

/** Connects with MQTT 5.0 and the defaults of the library. */
export function open(library: LibraryName, url: string): Promise<LibraryClient> {
  if (library === 'bare') return openBare(url)
  return library === 'curlew' ? openCurlew(url) : openMqttJs(url)
}

async function openCurlew(url: string): Promise<LibraryClient> {
  const client = await connect(url)
  return {
    publish: (topic, payload, qos) => client.publish(topic, payload, { qos }),
    async subscribe(filter, qos, onMessage) {
      const subscription = await client.subscribe(filter, { qos, handler: onMessage })
      return () => subscription.unsubscribe()
    },
    request: (topic, payload) => request(client, topic, payload),
    close: () => client.close(),
  }
}

interface MqttJsPacket {
  readonly properties?: { readonly correlationData?: Buffer }
}

interface MqttJsClient {
  readonly options: { readonly clientId: string }
  on(event: 'message', listener: (topic: string, payload: Buffer, packet: MqttJsPacket) => void): void
  publish(topic: string, payload: Uint8Array, options: object, callback: (error?: Error | null) => void): void
  subscribeAsync(filter: string, options: object): Promise<unknown>
  unsubscribeAsync(filter: string): Promise<unknown>
  endAsync(): Promise<unknown>
}

/** Requests are made by hand, as MQTT.js has none: one Subscription for the answers, which are told apart by Correlation Data. */
async function openMqttJs(url: string): Promise<LibraryClient> {
  const mqtt = createRequire(peers)('mqtt') as { connectAsync(url: string, options: object): Promise<MqttJsClient> }
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 })
  const responseTopic = `response/${client.options.clientId}`
  const pending = new Map<string, () => void>()
  let asked = 0
  let onMessage = (): void => {}
  client.on('message', (topic, _payload, { properties }) => {
    if (topic !== responseTopic) return onMessage()
    const key = properties?.correlationData?.toString() ?? ''
    pending.get(key)?.()
    pending.delete(key)
  })
  await client.subscribeAsync(responseTopic, { qos: 1 })
  const publish = (topic: string, payload: Uint8Array, options: object): Promise<void> =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
      client.publish(topic, bytes, options, error => (error ? reject(error) : resolve()))
    })
  return {
    publish: (topic, payload, qos) => publish(topic, payload, { qos }),
    async subscribe(filter, qos, listener) {
      onMessage = listener
      await client.subscribeAsync(filter, { qos })
      return () => client.unsubscribeAsync(filter)
    },
    async request(topic, payload) {
      const key = String(++asked)
      const answered = new Promise<void>(resolve => pending.set(key, resolve))
      await publish(topic, payload, { qos: 1, properties: { responseTopic, correlationData: Buffer.from(key) } })
      await answered
    },
    close: () => client.endAsync(),
  }
}
