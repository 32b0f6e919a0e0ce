import { PacketType } from '@curlew/codec'
import type { Vector } from '../vectors.ts'

const { Subscribe, Suback, Unsubscribe, Unsuback } = PacketType
const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const

/** SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK. */
export const subscriptionVectors: readonly Vector[] = [
  {
    name: 'SUBSCRIBE to one Topic Filter',
    versions: [3, 4],
    bytes: "82 08 000a 0003 'a/b' 01",
    packet: { type: Subscribe, packetId: 10, subscriptions: [{ filter: 'a/b', qos: 1, ...plain }], properties: {} },
  },
  {
    name: 'SUBSCRIBE to one Topic Filter',
    versions: [5],
    bytes: "82 09 000a 00 0003 'a/b' 01",
    packet: { type: Subscribe, packetId: 10, subscriptions: [{ filter: 'a/b', qos: 1, ...plain }], properties: {} },
  },
  {
    name: 'SUBSCRIBE with wildcards wherever they may stand',
    versions: [3, 4],
    bytes: "82 25 ffff 0001 '#' 00 0001 '+' 01 0004 '+/a/' 02 0004 '/a/#' 00 0005 '+/+/#' 01 0002 '//' 02",
    packet: {
      type: Subscribe,
      packetId: 65_535,
      subscriptions: [
        { filter: '#', qos: 0, ...plain },
        { filter: '+', qos: 1, ...plain },
        { filter: '+/a/', qos: 2, ...plain },
        { filter: '/a/#', qos: 0, ...plain },
        { filter: '+/+/#', qos: 1, ...plain },
        { filter: '//', qos: 2, ...plain },
      ],
      properties: {},
    },
  },
  {
    name: 'SUBSCRIBE with each of its properties and options',
    versions: [5],
    bytes: "82 1c 000a 09 0b 01 26 0001 'k' 0001 'v' 0001 'a' 2e 0001 'b' 10 0001 'c' 04 0001 'd' 08",
    packet: {
      type: Subscribe,
      packetId: 10,
      subscriptions: [
        { filter: 'a', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 },
        { filter: 'b', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 1 },
        { filter: 'c', qos: 0, noLocal: true, retainAsPublished: false, retainHandling: 0 },
        { filter: 'd', qos: 0, noLocal: false, retainAsPublished: true, retainHandling: 0 },
      ],
      properties: { subscriptionIdentifiers: [1], userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'SUBSCRIBE with the greatest Subscription Identifier',
    versions: [5],
    bytes: "82 0c 0001 05 0b ffffff7f 0001 'a' 00",
    packet: {
      type: Subscribe,
      packetId: 1,
      subscriptions: [{ filter: 'a', qos: 0, ...plain }],
      properties: { subscriptionIdentifiers: [268_435_455] },
    },
  },
  {
    name: 'SUBSCRIBE for a Shared Subscription',
    versions: [5],
    bytes: "82 12 0001 00 000c '$share/g/a/#' 01",
    packet: {
      type: Subscribe,
      packetId: 1,
      subscriptions: [{ filter: '$share/g/a/#', qos: 1, ...plain }],
      properties: {},
    },
  },
  {
    name: 'SUBSCRIBE to a Topic Filter of 65 535 bytes',
    versions: [4],
    bytes: "82 848004 0001 ffff 'x'*65535 00",
    packet: {
      type: Subscribe,
      packetId: 1,
      subscriptions: [{ filter: 'x'.repeat(65_535), qos: 0, ...plain }],
      properties: {},
    },
  },
  {
    name: 'SUBACK with each of its return codes',
    versions: [3, 4],
    bytes: '90 06 000a 00 01 02 80',
    packet: { type: Suback, packetId: 10, reasonCodes: [0, 1, 2, 0x80], properties: {} },
  },
  {
    name: 'SUBACK with each of its Reason Codes',
    versions: [5],
    bytes: '90 0f 000a 00 00 01 02 80 83 87 8f 91 97 9e a1 a2',
    packet: {
      type: Suback,
      packetId: 10,
      reasonCodes: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
      properties: {},
    },
  },
  {
    name: 'SUBACK with each of its properties',
    versions: [5],
    bytes: "90 11 000a 0d 1f 0003 'why' 26 0001 'k' 0001 'v' 87",
    packet: {
      type: Suback,
      packetId: 10,
      reasonCodes: [0x87],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'UNSUBSCRIBE from two Topic Filters',
    versions: [3, 4],
    bytes: "a2 0a 000a 0001 'a' 0003 '+/#'",
    packet: { type: Unsubscribe, packetId: 10, filters: ['a', '+/#'], properties: {} },
  },
  {
    name: 'UNSUBSCRIBE from two Topic Filters',
    versions: [5],
    bytes: "a2 0b 000a 00 0001 'a' 0003 '+/#'",
    packet: { type: Unsubscribe, packetId: 10, filters: ['a', '+/#'], properties: {} },
  },
  {
    name: 'UNSUBSCRIBE with its property',
    versions: [5],
    bytes: "a2 0d 000a 07 26 0001 'k' 0001 'v' 0001 'a'",
    packet: { type: Unsubscribe, packetId: 10, filters: ['a'], properties: { userProperties: [['k', 'v']] } },
  },
  {
    name: 'UNSUBACK',
    versions: [3, 4],
    bytes: 'b0 02 000a',
    packet: { type: Unsuback, packetId: 10, reasonCodes: [], properties: {} },
  },
  {
    name: 'UNSUBACK with each of its Reason Codes',
    versions: [5],
    bytes: 'b0 0a 000a 00 00 11 80 83 87 8f 91',
    packet: {
      type: Unsuback,
      packetId: 10,
      reasonCodes: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
      properties: {},
    },
  },
  {
    name: 'UNSUBACK with each of its properties',
    versions: [5],
    bytes: "b0 11 000a 0d 1f 0003 'why' 26 0001 'k' 0001 'v' 00",
    packet: {
      type: Unsuback,
      packetId: 10,
      reasonCodes: [0],
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
]
