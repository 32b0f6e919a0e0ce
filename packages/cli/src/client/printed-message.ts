import type { ReceivedMessage } from '@curlew/client'
import type { PublishProperties, QoS } from '@curlew/codec'

/** A message as it is printed. */
export interface PrintedMessage {
  readonly topic: string
  /** As `--format` makes it readable. */
  readonly payload: Buffer
  readonly qos: QoS
  readonly retain: boolean
  /** 0 for QoS 0. */
  readonly packetId: number
  readonly properties: PublishProperties
  readonly arrival: Arrival
}

/** When a message came. */
export interface Arrival {
  readonly date: Date
  /** Nanoseconds of the second, as exact as the clock. */
  readonly nanoseconds: number
}

/** The present. */
export function arrivalNow(): Arrival {
  const microseconds = Math.round((performance.timeOrigin + performance.now()) * 1000)
  return { date: new Date(Math.floor(microseconds / 1000)), nanoseconds: (microseconds % 1_000_000) * 1000 }
}

/** @param payload in place of the message's own */
export function printedMessage(message: ReceivedMessage, payload: Uint8Array, arrival: Arrival): PrintedMessage {
  const { topic, qos, retain, packetId, properties } = message
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return { topic, payload: bytes, qos, retain, packetId, properties, arrival }
}
