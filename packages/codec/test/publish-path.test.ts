import {
  decodePacket,
  encodePublishProperties,
  type Packet,
  PacketType,
  PacketWriter,
  type ProtocolVersion,
  type Publish,
  type PublishContent,
  type PublishHeader,
  publishSize,
  writePing,
  writePublish,
  writePublishHead,
  writeShortAck,
} from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bytesOf, hexOf } from './notation.ts'
import { toPlain } from './plain.ts'
import { vectors } from './vectors.ts'
import { versionName } from './version-name.ts'

/** The form in which a Server keeps the message of a packet, with other bytes around the payload. */
function contentOf({ topic, payload, properties }: Publish): PublishContent {
  return {
    topic,
    bytes: Uint8Array.of(...bytesOf('aa*3'), ...payload.subarray(0, 10_000), ...bytesOf('bb*3')),
    payloadStart: 3,
    payloadEnd: 3 + Math.min(payload.length, 10_000),
    encodedProperties: encodePublishProperties(properties),
  }
}

function headerOf({ qos, dup, retain, packetId, properties }: Publish): PublishHeader {
  return {
    qos,
    dup,
    retain,
    packetId,
    topicAlias: properties.topicAlias ?? 0,
    omitsTopic: false,
    messageExpiryInterval: properties.messageExpiryInterval,
    subscriptionIdentifiers: properties.subscriptionIdentifiers ?? [],
  }
}

const written = (writer: PacketWriter): Uint8Array => writer.bytes.subarray(0, writer.position)

const packets = vectors.flatMap(({ name, versions, packet }) =>
  packet.type === PacketType.Publish && packet.payload.length <= 10_000
    ? versions.map(version => ({ title: `${name}, ${versionName(version)}`, packet, version }))
    : [],
)

describe.each(packets)("the data path's $title", ({ packet, version }) => {
  const content = contentOf(packet)
  const header = headerOf(packet)

  test('says what the packet says', () => {
    const writer = new PacketWriter(1)

    writePublish(writer, content, header, version)

    expect(toPlain(decodePacket(written(writer), { receiver: 'any', version }))).toEqual(toPlain(packet))
  })

  test('has the size that was foretold', () => {
    const writer = new PacketWriter()

    writePublish(writer, content, header, version)

    expect(publishSize(content, header, version)).toBe(writer.position)
  })

  test('has the same head when the payload is to follow from elsewhere', () => {
    const whole = new PacketWriter()
    const head = new PacketWriter()

    writePublish(whole, content, header, version)
    writePublishHead(head, content, header, version)

    const payloadSize = content.payloadEnd - content.payloadStart
    expect(hexOf(written(head))).toBe(hexOf(written(whole).subarray(0, whole.position - payloadSize)))
  })
})

describe('a message for a receiver that knows the Topic Alias', () => {
  const content: PublishContent = {
    topic: 'a/b',
    bytes: bytesOf("'hi'"),
    payloadStart: 0,
    payloadEnd: 2,
    encodedProperties: bytesOf(''),
  }
  const header: PublishHeader = {
    qos: 1,
    dup: false,
    retain: false,
    packetId: 7,
    topicAlias: 2,
    omitsTopic: true,
    messageExpiryInterval: 60,
    subscriptionIdentifiers: [1, 200],
  }
  const rows: [version: ProtocolVersion, omitsTopic: boolean, bytes: string][] = [
    [5, true, "32 14 0000 0007 0d 02 0000003c 23 0002 0b 01 0b c801 'hi'"],
    [5, false, "32 17 0003 'a/b' 0007 0d 02 0000003c 23 0002 0b 01 0b c801 'hi'"],
    [4, false, "32 09 0003 'a/b' 0007 'hi'"],
  ]
  for (const [version, omitsTopic, bytes] of rows) {
    test(`is written ${omitsTopic ? 'without' : 'with'} its Topic Name, ${versionName(version)}`, () => {
      const writer = new PacketWriter()

      writePublish(writer, content, { ...header, omitsTopic }, version)

      expect(hexOf(written(writer))).toBe(hexOf(bytesOf(bytes)))
      expect(publishSize(content, { ...header, omitsTopic }, version)).toBe(writer.position)
    })
  }
})

test('properties that every receiver gets are encoded once, without those that are its own', () => {
  const properties = {
    payloadFormatIndicator: 1,
    messageExpiryInterval: 60,
    topicAlias: 3,
    subscriptionIdentifiers: [4],
    userProperties: [['k', 'v']],
  } as const

  expect(hexOf(encodePublishProperties(properties))).toBe(hexOf(bytesOf("01 01 26 0001 'k' 0001 'v'")))
  expect(hexOf(encodePublishProperties({ topicAlias: 3 }))).toBe('')
})

const acknowledgements: [
  type: 'Puback' | 'Pubrec' | 'Pubrel' | 'Pubcomp',
  packetId: number,
  reasonCode: 0 | 0x10 | 0x92,
  bytes: string,
][] = [
  ['Puback', 1, 0, '40 02 0001'],
  ['Puback', 258, 0x10, '40 03 0102 10'],
  ['Pubrec', 65_535, 0, '50 02 ffff'],
  ['Pubrel', 1, 0, '62 02 0001'],
  ['Pubrel', 1, 0x92, '62 03 0001 92'],
  ['Pubcomp', 256, 0x92, '70 03 0100 92'],
]
for (const [type, packetId, reasonCode, bytes] of acknowledgements) {
  test(`the data path's ${type} ${packetId} with Reason Code ${reasonCode} is in its shortest form`, () => {
    const writer = new PacketWriter(1)

    writeShortAck(writer, PacketType[type], packetId, reasonCode)

    expect(hexOf(written(writer))).toBe(hexOf(bytesOf(bytes)))
  })
}

test('pings are written behind what is there', () => {
  const writer = new PacketWriter(1)

  writePing(writer, PacketType.Pingreq)
  writePing(writer, PacketType.Pingresp)

  expect(hexOf(written(writer))).toBe('c000d000')
})

test('a decoded ping is always the same object', () => {
  const decode = (bytes: string): Packet => decodePacket(bytesOf(bytes), { receiver: 'any', version: 5 })

  expect(decode('c000')).toBe(decode('c000'))
  expect(decode('d000')).toBe(decode('d000'))
})
