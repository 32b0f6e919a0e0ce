import { noProperties } from '@curlew/codec'
import { Message, type MessageFields, NEVER } from '@curlew/protocol'
import type { Delivery, DeliveryTerms, Subscriber, Subscription } from '../../src/routing/subscription.ts'

/** A {@link Subscriber} that keeps what it gets. */
export class RecordingSubscriber implements Subscriber {
  readonly clientId: string
  isConnected = true
  isLocal = true
  unfinishedCount = 0
  hasRoom = true
  readonly deliveries: { readonly message: Message; readonly terms: DeliveryTerms }[] = []

  constructor(clientId: string) {
    this.clientId = clientId
  }

  claimRoom(_: Message, delivery: Delivery): Delivery | undefined {
    return this.hasRoom ? delivery : undefined
  }

  deliver(message: Message, terms: DeliveryTerms): void {
    this.deliveries.push({ message, terms })
  }

  handOver(): void {}
}

export function subscriptionOf(
  subscriber: Subscriber,
  filter: string,
  fields: Partial<Subscription> = {},
): Subscription {
  return {
    subscriber,
    filter,
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    identifier: undefined,
    ...fields,
  }
}

export function messageOf(topic: string, payload = 'x', fields: Partial<MessageFields> = {}): Message {
  const bytes = Buffer.from(payload)
  return new Message({
    topic,
    bytes,
    payloadStart: 0,
    payloadEnd: bytes.length,
    qos: 0,
    retain: false,
    properties: noProperties,
    publisherId: 'publisher',
    expiresAt: NEVER,
    ...fields,
  })
}
