import { noProperties, type PublishProperties } from '@curlew/codec'
import { Message, type MessageFields, NEVER, PayloadSlab } from '@curlew/protocol'
import { describe, expect, test } from 'vitest'

const fields: MessageFields = {
  topic: 'a/b',
  bytes: Uint8Array.of(1, 2, 3, 4, 5, 6),
  payloadStart: 2,
  payloadEnd: 5,
  qos: 1,
  retain: true,
  properties: noProperties,
  publisherId: 'sensor',
  expiresAt: NEVER,
}

const properties: PublishProperties = {
  payloadFormatIndicator: 1,
  contentType: 'text/plain',
  responseTopic: 'answers',
  correlationData: Uint8Array.of(7, 8),
  userProperties: [
    ['b', '1'],
    ['a', '2'],
    ['b', '1'],
  ],
}

describe('the payload', () => {
  test('is a view of the bytes the message came in', () => {
    const message = new Message(fields)

    expect(message.bytes).toBe(fields.bytes)
    expect([...message.payload]).toEqual([3, 4, 5])
    expect(message.payload.buffer).toBe(fields.bytes.buffer)
    expect(message.payloadLength).toBe(3)
    expect([message.payloadStart, message.payloadEnd]).toEqual([2, 5])
  })

  test('may be empty', () => {
    const message = new Message({ ...fields, payloadEnd: 2 })

    message.own()

    expect(message.payloadLength).toBe(0)
    expect([...message.payload]).toEqual([])
  })
})

describe('own', () => {
  /** The kinds of bytes a message can come in; a pooled Buffer begins in the middle of its memory. */
  const sources: [source: string, bytes: Uint8Array][] = [
    ['a Uint8Array', Uint8Array.of(1, 2, 3, 4, 5, 6)],
    ['a view of a Uint8Array', Uint8Array.of(0, 0, 1, 2, 3, 4, 5, 6, 0).subarray(2, 8)],
    ['a Buffer', Buffer.from([1, 2, 3, 4, 5, 6])],
    ['a view of a Buffer', Buffer.from([0, 0, 1, 2, 3, 4, 5, 6, 0]).subarray(2, 8)],
  ]
  test.each(sources)('copies the payload out of %s', (_, bytes) => {
    const message = new Message({ ...fields, bytes })

    message.own()
    bytes.fill(0xff)

    expect([...message.payload]).toEqual([3, 4, 5])
    expect(message.bytes.buffer).not.toBe(bytes.buffer)
  })

  test.each(sources)('keeps no more than the payload of %s', (_, bytes) => {
    const message = new Message({ ...fields, bytes }).own()

    expect(message.bytes.length).toBe(3)
    expect(message.bytes.buffer.byteLength).toBe(3)
    expect([message.payloadStart, message.payloadEnd, message.payloadLength]).toEqual([0, 3, 3])
  })

  test('copies once, however many keep the message', () => {
    const message = new Message(fields)

    const kept = message.own()
    const { bytes } = kept
    message.own()

    expect(kept).toBe(message)
    expect(message.bytes).toBe(bytes)
    expect([message.payloadStart, message.payloadEnd]).toEqual([0, 3])
  })

  test('copies the payload even if it is all there is', () => {
    const message = new Message({ ...fields, payloadStart: 0, payloadEnd: 6 }).own()

    expect(message.bytes).not.toBe(fields.bytes)
    expect([...message.bytes]).toEqual([...fields.bytes])
  })
})

describe('bytes that last', () => {
  const lasting = (payloadEnd: number): Message =>
    new Message({ ...fields, isLasting: true, payloadStart: 0, payloadEnd })

  test('are kept as they are when half of them is payload', () => {
    expect([lasting(3).own().bytes, lasting(3).hold(new PayloadSlab()).bytes]).toEqual([fields.bytes, fields.bytes])
    expect(lasting(3).own().bytes).toBe(fields.bytes)
  })

  test('are not kept for less', () => {
    const message = lasting(2).own()

    expect(message.bytes).not.toBe(fields.bytes)
    expect([...message.bytes]).toEqual([1, 2])
  })
})

describe('hold', () => {
  /** A payload of three bytes in 64 KiB, as a socket reads them. */
  function chunk(): Uint8Array {
    const bytes = new Uint8Array(65_536)
    bytes.set([1, 2, 3, 4, 5, 6])
    return bytes
  }

  test('copies the payload into a slab', () => {
    const slab = new PayloadSlab()
    const bytes = chunk()
    const message = new Message({ ...fields, bytes })

    const held = message.hold(slab)
    bytes.fill(0xff)

    expect(held).toBe(message)
    expect(message.bytes).toBe(slab.bytes)
    expect([...message.payload]).toEqual([3, 4, 5])
    expect(message.payloadLength).toBe(3)
  })

  test('copies once, whoever else holds the message', () => {
    const message = new Message({ ...fields, bytes: chunk() }).hold(new PayloadSlab())
    const { bytes, payloadStart } = message

    message.hold(new PayloadSlab())

    expect(message.bytes).toBe(bytes)
    expect(message.payloadStart).toBe(payloadStart)
  })

  const shares: [payloadEnd: number, isShared: boolean][] = [
    [2048, true],
    [2049, false],
    [65_536, false],
  ]
  test.each(shares)('copies a payload of %d bytes; it shares a slab: %s', (payloadEnd, isShared) => {
    const bytes = chunk()
    const slab = new PayloadSlab()

    const message = new Message({ ...fields, bytes, payloadStart: 0, payloadEnd }).hold(slab)
    bytes.fill(0xff)

    expect(message.bytes === slab.bytes).toBe(isShared)
    expect(message.payloadLength).toBe(payloadEnd)
    expect([...message.payload.subarray(0, 7)]).toEqual([1, 2, 3, 4, 5, 6, 0])
  })

  test('leaves a large payload that it copied where it is', () => {
    const message = new Message({ ...fields, bytes: chunk(), payloadEnd: 3000 }).hold(new PayloadSlab())
    const { bytes } = message

    expect(message.own().bytes).toBe(bytes)
  })

  test('leaves a message that is owned where it is', () => {
    const message = new Message({ ...fields, bytes: chunk() }).own()
    const { bytes } = message

    message.hold(new PayloadSlab())

    expect(message.bytes).toBe(bytes)
  })

  test('is followed by own when the message is to stay, which takes it out of the slab', () => {
    const slab = new PayloadSlab()
    const message = new Message({ ...fields, bytes: chunk() }).hold(slab)

    message.own()
    slab.bytes.fill(0xff)

    expect([...message.payload]).toEqual([3, 4, 5])
    expect(message.bytes.buffer.byteLength).toBe(3)
  })
})

describe('properties', () => {
  test('[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] are passed on unaltered and in order', () => {
    const message = new Message({ ...fields, properties })

    expect(message.properties).toEqual(properties)
  })

  test('of one connection only are not passed on: Topic Alias, Subscription Identifiers, Message Expiry Interval', () => {
    const message = new Message({
      ...fields,
      properties: { ...properties, topicAlias: 3, subscriptionIdentifiers: [1, 2], messageExpiryInterval: 60 },
    })

    expect(message.properties).toEqual(properties)
    expect(Object.keys(message.properties)).not.toContain('topicAlias')
    expect(Object.keys(message.properties)).not.toContain('subscriptionIdentifiers')
    expect(Object.keys(message.properties)).not.toContain('messageExpiryInterval')
  })

  test('empty Correlation Data stays Correlation Data', () => {
    const message = new Message({ ...fields, properties: { correlationData: new Uint8Array(0) } })

    expect(message.properties.correlationData).toHaveLength(0)
  })

  test('that are none stay the one object that is none', () => {
    expect(new Message(fields).properties).toBe(noProperties)
  })
})

describe('encoded properties', () => {
  test('hold what every receiver gets', () => {
    const message = new Message({
      ...fields,
      properties: { payloadFormatIndicator: 1, contentType: 'x', topicAlias: 3, messageExpiryInterval: 60 },
    })

    // 01 01 is Payload Format Indicator 1, 03 is Content Type.
    expect([...message.encodedProperties]).toEqual([0x01, 0x01, 0x03, 0x00, 0x01, 0x78])
  })

  test('are encoded once', () => {
    const message = new Message({ ...fields, properties })

    expect(message.encodedProperties).toBe(message.encodedProperties)
  })

  test.each([noProperties, {}, { topicAlias: 3 }])('are empty for %j', given => {
    expect(new Message({ ...fields, properties: given }).encodedProperties).toHaveLength(0)
  })
})

test('what a message is stays with it', () => {
  const message = new Message({ ...fields, expiresAt: 5000 })

  expect(message).toMatchObject({ topic: 'a/b', qos: 1, retain: true, publisherId: 'sensor', expiresAt: 5000 })
})
