import { PacketType } from '@curlew/codec'
import { bytesOf } from '../notation.ts'
import type { Vector } from '../vectors.ts'

const type = PacketType.Connack

export const connackVectors: readonly Vector[] = [
  {
    name: 'CONNACK that accepts',
    versions: [3, 4],
    bytes: '20 02 00 00',
    packet: { type, sessionPresent: false, reasonCode: 0, properties: {} },
  },
  {
    name: 'CONNACK that resumes a Session',
    versions: [4],
    bytes: '20 02 01 00',
    packet: { type, sessionPresent: true, reasonCode: 0, properties: {} },
  },
  ...[1, 2, 3, 4, 5].map(
    (reasonCode): Vector => ({
      name: `CONNACK that refuses with return code ${reasonCode}`,
      versions: [3, 4],
      bytes: `20 02 00 0${reasonCode}`,
      packet: { type, sessionPresent: false, reasonCode, properties: {} },
    }),
  ),
  {
    name: 'CONNACK that accepts',
    versions: [5],
    bytes: '20 03 00 00 00',
    packet: { type, sessionPresent: false, reasonCode: 0, properties: {} },
  },
  {
    name: 'CONNACK that refuses',
    versions: [5],
    bytes: '20 03 00 87 00',
    packet: { type, sessionPresent: false, reasonCode: 0x87, properties: {} },
  },
  {
    name: 'CONNACK that resumes a Session, with each of its properties',
    versions: [5],
    bytes: `20 48 01 00 45 11 00000000 12 0002 'c1' 13 003c 15 0003 'otp' 16 0001 00 1a 0003 'r/i' 1c 0003 'b:1'
      1f 0003 'why' 21 0001 22 ffff 24 01 25 00 26 0001 'k' 0001 'v' 27 ffffffff 28 00 29 01 2a 00`,
    packet: {
      type,
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 0,
        assignedClientIdentifier: 'c1',
        serverKeepAlive: 60,
        authenticationMethod: 'otp',
        authenticationData: bytesOf('00'),
        responseInformation: 'r/i',
        serverReference: 'b:1',
        reasonString: 'why',
        receiveMaximum: 1,
        topicAliasMaximum: 65_535,
        maximumQoS: 1,
        retainAvailable: false,
        userProperties: [['k', 'v']],
        maximumPacketSize: 4_294_967_295,
        wildcardSubscriptionAvailable: false,
        subscriptionIdentifiersAvailable: true,
        sharedSubscriptionAvailable: false,
      },
    },
  },
  {
    name: 'CONNACK with Maximum QoS 0 and Server Keep Alive 0',
    versions: [5],
    bytes: '20 08 00 00 05 13 0000 24 00',
    packet: { type, sessionPresent: false, reasonCode: 0, properties: { serverKeepAlive: 0, maximumQoS: 0 } },
  },
]
