import {
  emptyPublishHeader,
  encodePublishProperties,
  noProperties,
  PacketWriter,
  type ProtocolVersion,
  type PublishContent,
  PublishForms,
  type PublishHeader,
  writePublish,
} from '@curlew/codec'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOf, hexOf } from './notation.ts'

/** One PUBLISH to one receiver. */
interface Publishing {
  readonly content: PublishContent
  readonly header: PublishHeader
  readonly version: ProtocolVersion
}

function contentOf(topic: string, payloadLength: number, contentType: string | undefined): PublishContent {
  const bytes = Uint8Array.from({ length: payloadLength + 9 }, (_, index) => index)
  const encodedProperties = encodePublishProperties(contentType === undefined ? noProperties : { contentType })
  return { topic, bytes, payloadStart: 4, payloadEnd: 4 + payloadLength, encodedProperties }
}

const contents = [
  contentOf('a/b', 16, undefined),
  contentOf('a/b', 16, 'text/plain'),
  contentOf('größe', 200, undefined),
  contentOf('x'.repeat(300), 1, 'x'),
  contentOf('b', 0, undefined),
]

/** Mostly without properties of a receiver, as then there is something to copy. */
const header: fc.Arbitrary<PublishHeader> = fc.record({
  qos: fc.constantFrom(0, 1, 2),
  dup: fc.boolean(),
  retain: fc.boolean(),
  packetId: fc.integer({ min: 1, max: 0xffff }),
  topicAlias: fc.constantFrom(0, 0, 0, 7),
  omitsTopic: fc.constant(false),
  messageExpiryInterval: fc.constantFrom(undefined, undefined, undefined, 60),
  subscriptionIdentifiers: fc.constantFrom([], [], [], [3]),
})

const publishing: fc.Arbitrary<Publishing> = fc.record({
  content: fc.constantFrom(...contents.slice(0, 2), ...contents),
  header,
  version: fc.constantFrom(3, 4, 5),
})

test('each receiver gets the bytes that it would get alone', () => {
  fc.assert(
    fc.property(fc.array(publishing, { minLength: 50, maxLength: 300 }), all => {
      const forms = new PublishForms()
      const [writer, expected] = [new PacketWriter(1), new PacketWriter(1)]
      for (const { content, header, version } of all) {
        forms.write(writer, content, header, version)
        writePublish(expected, content, header, version)
      }

      expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe(
        hexOf(expected.bytes.subarray(0, expected.position)),
      )
    }),
  )
})

test('a packet too large to be kept is right for each receiver', () => {
  const forms = new PublishForms()
  const [writer, expected] = [new PacketWriter(1), new PacketWriter(1)]
  const content = contentOf('a', 70_000, undefined)
  for (const packetId of [1, 2, 3, 4]) {
    const header: PublishHeader = { ...emptyPublishHeader(), qos: 1, packetId }
    forms.write(writer, content, header, 4)
    writePublish(expected, content, header, 4)
  }

  expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe(hexOf(expected.bytes.subarray(0, expected.position)))
})

test('what was sent is not sent again when another message comes', () => {
  const forms = new PublishForms()
  const writer = new PacketWriter(1)
  const [first, second] = [contentOf('a', 1, undefined), contentOf('b', 1, undefined)]
  for (const content of [first, first, first, second, second, second]) {
    forms.write(writer, content, { ...emptyPublishHeader(), qos: 1, packetId: 0x102 }, 4)
  }

  const expected = "3206 0001 'a' 0102 04 ".repeat(3) + "3206 0001 'b' 0102 04 ".repeat(3)
  expect(hexOf(writer.bytes.subarray(0, writer.position))).toBe(hexOf(bytesOf(expected)))
})
