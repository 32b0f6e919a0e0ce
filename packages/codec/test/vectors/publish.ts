import { PacketType } from '@curlew/codec'
import { bytesOf } from '../notation.ts'
import type { Vector } from '../vectors.ts'

const type = PacketType.Publish
const hello = bytesOf("'hello'")
const atMostOnce = { qos: 0, retain: false, dup: false, packetId: 0, properties: {} } as const

/** Remaining Length at each border of its encoding. The Topic Name takes three bytes of it. */
const sizes: [remainingLength: number, encoded: string][] = [
  [127, '7f'],
  [128, '80 01'],
  [16_383, 'ff 7f'],
  [16_384, '80 80 01'],
  [2_097_151, 'ff ff 7f'],
  [2_097_152, '80 80 80 01'],
]

/** Topic Names that are well formed, however odd. */
const names: [name: string, length: string, bytes: string][] = [
  ['/', '0001', "'/'"],
  ['//', '0002', "'//'"],
  [' ', '0001', "' '"],
  ['$SYS/x', '0006', "'$SYS/x'"],
  ['$share/g/x', '000a', "'$share/g/x'"],
  ['\ufeff', '0003', 'efbbbf'],
  ['\ufffd', '0003', 'efbfbd'],
  ['é/東/🐦', '000b', 'c3a9 2f e69db1 2f f09f90a6'],
  ['\u{10fffd}', '0004', 'f48fbfbd'],
  ['\ud7ff\ue000', '0006', 'ed9fbf ee8080'],
]

export const publishVectors: readonly Vector[] = [
  {
    name: 'PUBLISH at QoS 0',
    versions: [3, 4],
    bytes: "30 0a 0003 'a/b' 'hello'",
    packet: { type, topic: 'a/b', payload: hello, ...atMostOnce },
  },
  {
    name: 'PUBLISH at QoS 0',
    versions: [5],
    bytes: "30 0b 0003 'a/b' 00 'hello'",
    packet: { type, topic: 'a/b', payload: hello, ...atMostOnce },
  },
  {
    name: '[MQTT3-2.3.1-5] PUBLISH at QoS 0 whose payload looks like a Packet Identifier',
    versions: [3, 4],
    bytes: "30 07 0003 'a/b' 0001",
    packet: { type, topic: 'a/b', payload: bytesOf('0001'), ...atMostOnce },
  },
  {
    name: '[MQTT-2.2.1-2] PUBLISH at QoS 0 whose payload looks like a Packet Identifier',
    versions: [5],
    bytes: "30 08 0003 'a/b' 00 0001",
    packet: { type, topic: 'a/b', payload: bytesOf('0001'), ...atMostOnce },
  },
  {
    name: 'PUBLISH without a payload',
    versions: [3, 4],
    bytes: "31 05 0003 'a/b'",
    packet: { type, topic: 'a/b', payload: bytesOf(''), ...atMostOnce, retain: true },
  },
  {
    name: 'PUBLISH without a payload',
    versions: [5],
    bytes: "31 06 0003 'a/b' 00",
    packet: { type, topic: 'a/b', payload: bytesOf(''), ...atMostOnce, retain: true },
  },
  {
    name: 'PUBLISH at QoS 1',
    versions: [3, 4],
    bytes: "32 0c 0003 'a/b' 0001 'hello'",
    packet: { type, topic: 'a/b', payload: hello, ...atMostOnce, qos: 1, packetId: 1 },
  },
  {
    name: 'PUBLISH at QoS 1',
    versions: [5],
    bytes: "32 0d 0003 'a/b' 0001 00 'hello'",
    packet: { type, topic: 'a/b', payload: hello, ...atMostOnce, qos: 1, packetId: 1 },
  },
  {
    name: 'PUBLISH sent again at QoS 2, to be retained, with the greatest Packet Identifier',
    versions: [3, 4],
    bytes: "3d 0c 0003 'a/b' ffff 'hello'",
    packet: { type, topic: 'a/b', payload: hello, qos: 2, retain: true, dup: true, packetId: 65_535, properties: {} },
  },
  {
    name: 'PUBLISH sent again at QoS 2, to be retained, with the greatest Packet Identifier',
    versions: [5],
    bytes: "3d 0d 0003 'a/b' ffff 00 'hello'",
    packet: { type, topic: 'a/b', payload: hello, qos: 2, retain: true, dup: true, packetId: 65_535, properties: {} },
  },
  {
    name: 'PUBLISH with each of its properties',
    versions: [5],
    bytes: `30 43 0003 'a/b' 3a 01 00 02 00000e10 03 000a 'text/plain' 08 0003 'r/t' 09 0000 0b 01 0b 8001 0b ffffff7f
      23 ffff 26 0001 'k' 0002 'v1' 26 0001 'k' 0002 'v2' 'abc'`,
    packet: {
      type,
      topic: 'a/b',
      payload: bytesOf("'abc'"),
      ...atMostOnce,
      properties: {
        payloadFormatIndicator: 0,
        messageExpiryInterval: 3600,
        contentType: 'text/plain',
        responseTopic: 'r/t',
        correlationData: bytesOf(''),
        subscriptionIdentifiers: [1, 128, 268_435_455],
        topicAlias: 65_535,
        userProperties: [
          ['k', 'v1'],
          ['k', 'v2'],
        ],
      },
    },
  },
  {
    name: 'PUBLISH with a Topic Alias in place of its Topic Name',
    versions: [5],
    bytes: "30 08 0000 03 23 0001 'hi'",
    packet: { type, topic: '', payload: bytesOf("'hi'"), ...atMostOnce, properties: { topicAlias: 1 } },
  },
  {
    name: '[MQTT-4.7.3-3] [MQTT3-4.7.3-3] PUBLISH whose Topic Name has 65 535 bytes',
    versions: [3, 4],
    bytes: "30 818004 ffff 'x'*65535",
    packet: { type, topic: 'x'.repeat(65_535), payload: bytesOf(''), ...atMostOnce },
  },
  {
    name: 'PUBLISH whose properties are as long as they can be',
    versions: [5],
    bytes: "30 878008 0001 'a' 818008 26 ffff 'k'*65535 fffd 'v'*65533",
    packet: {
      type,
      topic: 'a',
      payload: bytesOf(''),
      ...atMostOnce,
      properties: { userProperties: [['k'.repeat(65_535), 'v'.repeat(65_533)]] },
    },
  },
  ...sizes.map(
    ([remainingLength, encoded]): Vector => ({
      name: `PUBLISH with Remaining Length ${remainingLength}`,
      versions: [4],
      bytes: `30 ${encoded} 0001 'a' 5a*${remainingLength - 3}`,
      packet: { type, topic: 'a', payload: bytesOf(`5a*${remainingLength - 3}`), ...atMostOnce },
    }),
  ),
  ...names.map(
    ([topic, length, bytes]): Vector => ({
      name: `PUBLISH to ${JSON.stringify(topic)}`,
      versions: [4],
      bytes: `30 ${(Number.parseInt(length, 16) + 2).toString(16).padStart(2, '0')} ${length} ${bytes}`,
      packet: { type, topic, payload: bytesOf(''), ...atMostOnce },
    }),
  ),
]
