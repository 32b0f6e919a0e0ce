import { PacketType } from '@curlew/codec'
import type { Vector } from '../vectors.ts'

const success = { reasonCode: 0, properties: {} } as const

/** PUBACK, PUBREC, PUBREL and PUBCOMP. */
export const acknowledgementVectors: readonly Vector[] = [
  {
    name: 'PUBACK',
    versions: [3, 4, 5],
    bytes: '40 02 0001',
    packet: { type: PacketType.Puback, packetId: 1, ...success },
  },
  {
    name: 'PUBREC',
    versions: [3, 4, 5],
    bytes: '50 02 ffff',
    packet: { type: PacketType.Pubrec, packetId: 65_535, ...success },
  },
  {
    name: 'PUBREL',
    versions: [3, 4, 5],
    bytes: '62 02 0100',
    packet: { type: PacketType.Pubrel, packetId: 256, ...success },
  },
  {
    name: 'PUBCOMP',
    versions: [3, 4, 5],
    bytes: '70 02 00ff',
    packet: { type: PacketType.Pubcomp, packetId: 255, ...success },
  },
  {
    name: 'PUBACK with a Reason Code',
    versions: [5],
    bytes: '40 03 0001 10',
    packet: { type: PacketType.Puback, packetId: 1, reasonCode: 0x10, properties: {} },
  },
  {
    name: 'PUBREC with a Reason Code',
    versions: [5],
    bytes: '50 03 0001 91',
    packet: { type: PacketType.Pubrec, packetId: 1, reasonCode: 0x91, properties: {} },
  },
  {
    name: 'PUBREL with a Reason Code',
    versions: [5],
    bytes: '62 03 0001 92',
    packet: { type: PacketType.Pubrel, packetId: 1, reasonCode: 0x92, properties: {} },
  },
  {
    name: 'PUBCOMP with a Reason Code',
    versions: [5],
    bytes: '70 03 0001 92',
    packet: { type: PacketType.Pubcomp, packetId: 1, reasonCode: 0x92, properties: {} },
  },
  {
    name: 'PUBACK with each of its properties',
    versions: [5],
    bytes: "40 11 0001 87 0d 1f 0003 'why' 26 0001 'k' 0001 'v'",
    packet: {
      type: PacketType.Puback,
      packetId: 1,
      reasonCode: 0x87,
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'PUBREC with each of its properties',
    versions: [5],
    bytes: "50 11 0001 97 0d 1f 0003 'why' 26 0001 'k' 0001 'v'",
    packet: {
      type: PacketType.Pubrec,
      packetId: 1,
      reasonCode: 0x97,
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'PUBREL with each of its properties',
    versions: [5],
    bytes: "62 11 0001 92 0d 1f 0003 'why' 26 0001 'k' 0001 'v'",
    packet: {
      type: PacketType.Pubrel,
      packetId: 1,
      reasonCode: 0x92,
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
  {
    name: 'PUBCOMP with each of its properties and Reason Code 0',
    versions: [5],
    bytes: "70 11 0001 00 0d 1f 0003 'why' 26 0001 'k' 0001 'v'",
    packet: {
      type: PacketType.Pubcomp,
      packetId: 1,
      reasonCode: 0,
      properties: { reasonString: 'why', userProperties: [['k', 'v']] },
    },
  },
]
