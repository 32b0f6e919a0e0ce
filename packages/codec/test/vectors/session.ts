import { PacketType } from '@curlew/codec'
import { bytesOf } from '../notation.ts'
import type { Vector } from '../vectors.ts'

const { Pingreq, Pingresp, Disconnect, Auth } = PacketType

/** PINGREQ, PINGRESP, DISCONNECT and AUTH. */
export const sessionVectors: readonly Vector[] = [
  { name: 'PINGREQ', versions: [3, 4, 5], bytes: 'c0 00', packet: { type: Pingreq } },
  { name: 'PINGRESP', versions: [3, 4, 5], bytes: 'd0 00', packet: { type: Pingresp } },
  {
    name: 'DISCONNECT',
    versions: [3, 4, 5],
    bytes: 'e0 00',
    packet: { type: Disconnect, reasonCode: 0, properties: {} },
  },
  {
    name: 'DISCONNECT with a Reason Code',
    versions: [5],
    bytes: 'e0 01 04',
    packet: { type: Disconnect, reasonCode: 4, properties: {} },
  },
  {
    name: 'DISCONNECT of a Client with each of its properties',
    versions: [5],
    bytes: "e0 1a 00 18 11 0000003c 1c 0003 'b:1' 1f 0003 'bye' 26 0001 'k' 0001 'v'",
    packet: {
      type: Disconnect,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 60,
        serverReference: 'b:1',
        reasonString: 'bye',
        userProperties: [['k', 'v']],
      },
    },
  },
  {
    name: 'AUTH that ends a re-authentication without saying anything',
    versions: [5],
    bytes: 'f0 00',
    packet: { type: Auth, reasonCode: 0, properties: {} },
  },
  {
    name: 'AUTH that begins a re-authentication',
    versions: [5],
    bytes: "f0 08 19 06 15 0003 'otp'",
    packet: { type: Auth, reasonCode: 0x19, properties: { authenticationMethod: 'otp' } },
  },
  {
    name: 'AUTH with each of its properties',
    versions: [5],
    bytes: "f0 19 18 17 15 0003 'otp' 16 0001 00 1f 0003 'why' 26 0001 'k' 0001 'v'",
    packet: {
      type: Auth,
      reasonCode: 0x18,
      properties: {
        authenticationMethod: 'otp',
        authenticationData: bytesOf('00'),
        reasonString: 'why',
        userProperties: [['k', 'v']],
      },
    },
  },
]
