import type { Will } from '@curlew/codec'
import { expiresAt, Message, NEVER } from '@curlew/protocol'
import type { WillRecord } from '../store/store.ts'

/** Seconds; how long the Server waits for the Client to come back (section 3.1.3.2.2). */
export function delayIntervalOf({ properties }: Will): number {
  return properties.willDelayInterval ?? 0
}

/** The Will as the Store keeps it. @param dueAtMs see {@link WillRecord} */
export function willRecord(will: Will, clientId: string, dueAtMs: number | undefined): WillRecord {
  const { topic, payload, qos, retain, properties } = will
  const fields = { topic, bytes: payload, payloadStart: 0, payloadEnd: payload.length, qos, retain, properties }
  const message = new Message({ ...fields, publisherId: clientId, expiresAt: NEVER })
  const { messageExpiryInterval } = properties
  return { message, messageExpiryInterval, delayInterval: delayIntervalOf(will), dueAtMs }
}

/** The Application Message that a Will becomes; its Message Expiry Interval begins now (section 3.1.3.2.4). */
export function willMessage({ message, messageExpiryInterval }: WillRecord, now: number): Message {
  if (messageExpiryInterval === undefined) return message
  return new Message({ ...fieldsOf(message), expiresAt: expiresAt(now, messageExpiryInterval) })
}

function fieldsOf(message: Message) {
  const { topic, bytes, payloadStart, payloadEnd, qos, retain, properties, publisherId } = message
  return { topic, bytes, payloadStart, payloadEnd, qos, retain, properties, publisherId }
}
