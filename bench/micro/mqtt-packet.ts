/** The codec of MQTT.js and aedes, which Curlew's is measured against. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What is used of mqtt-packet. */
export interface MqttPacket {
  parser(options: { protocolVersion: number }): PeerParser
  generate(packet: object, options: { protocolVersion: number }): Uint8Array
  writeToStream(packet: object, stream: PeerStream, options: { protocolVersion: number }): boolean
}

export interface PeerParser {
  on(event: 'packet', listener: (packet: PeerPacket) => void): void
  on(event: 'error', listener: (error: Error) => void): void
  parse(chunk: Uint8Array): number
}

export interface PeerPacket {
  readonly topic: string | null
  readonly payload: Uint8Array | null
}

/** The least that mqtt-packet takes for a stream. */
export interface PeerStream {
  write(chunk: Uint8Array | string): boolean
  destroy(error?: Error): void
}

/** From `bench/dist/micro`, where this file is when it runs. */
const peersManifest = fileURLToPath(new URL('../../../tests/peers/package.json', import.meta.url))

/** @throws {Error} saying what to type when the peers are not installed */
export function loadMqttPacket(): { mqttPacket: MqttPacket; version: string } {
  const require = createRequire(peersManifest)
  if (!existsSync(join(dirname(peersManifest), 'node_modules/mqtt-packet'))) {
    throw new Error('mqtt-packet is not installed; type: npm ci --prefix tests/peers')
  }
  const { version } = require('mqtt-packet/package.json') as { version: string }
  return { mqttPacket: require('mqtt-packet') as MqttPacket, version }
}
