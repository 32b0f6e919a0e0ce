import type { Will } from '@curlew/codec'
import { expiresAt, Message } from '@curlew/protocol'

/** A Will as CONNECT brought it, owned. */
export interface StoredWill {
  readonly will: Will
  /** Seconds; how long the Server waits for the Client to come back (section 3.1.3.2.2). */
  readonly delayInterval: number
}

/** Copies the Will out of the packet it came in. */
export function storedWill(will: Will): StoredWill {
  const { correlationData, ...rest } = will.properties
  const properties = { ...rest, correlationData: correlationData && Uint8Array.from(correlationData) }
  const delayInterval = will.properties.willDelayInterval ?? 0
  return { will: { ...will, payload: Uint8Array.from(will.payload), properties }, delayInterval }
}

/** The Will as the Application Message it becomes; its Message Expiry Interval begins now (section 3.1.3.2.4). */
export function willMessage({ will }: StoredWill, clientId: string, now: number): Message {
  const { topic, payload, qos, retain, properties } = will
  return new Message({
    topic,
    bytes: payload,
    payloadStart: 0,
    payloadEnd: payload.length,
    qos,
    retain,
    properties,
    publisherId: clientId,
    expiresAt: expiresAt(now, properties.messageExpiryInterval),
  })
}
