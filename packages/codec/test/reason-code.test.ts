import {
  ConnackReturnCode,
  connackReturnCodeOf,
  isFailure,
  isReasonCodeOf,
  PacketType,
  packetTypeName,
  ReasonCode,
  reasonCodeName,
} from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from './notation.ts'

/** Table 2-6 of section 2.4 and the tables of section 3, by packet. */
const codes: [type: keyof typeof PacketType, codes: string][] = [
  ['Connect', ''],
  ['Connack', '00 80 81 82 83 84 85 86 87 88 89 8a 8c 90 95 97 99 9a 9b 9c 9d 9f'],
  ['Publish', ''],
  ['Puback', '00 10 80 83 87 90 91 97 99'],
  ['Pubrec', '00 10 80 83 87 90 91 97 99'],
  ['Pubrel', '00 92'],
  ['Pubcomp', '00 92'],
  ['Subscribe', ''],
  ['Suback', '00 01 02 80 83 87 8f 91 97 9e a1 a2'],
  ['Unsubscribe', ''],
  ['Unsuback', '00 11 80 83 87 8f 91'],
  ['Pingreq', ''],
  ['Pingresp', ''],
  ['Disconnect', '00 04 80 81 82 83 87 89 8b 8c 8d 8e 8f 90 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2'],
  ['Auth', '00 18 19'],
]
for (const [type, listed] of codes) {
  test(`${packetTypeName(PacketType[type])} has the Reason Codes ${listed === '' ? 'of no table' : listed}`, () => {
    const allowed = Array.from({ length: 256 }, (_, code) => code).filter(code =>
      isReasonCodeOf(PacketType[type], code),
    )

    expect(allowed).toEqual([...bytesOf(listed)])
  })
}

test('each Reason Code belongs in a packet', () => {
  const listed = new Set(codes.flatMap(([, each]) => [...bytesOf(each)]))

  expect(Object.values(ReasonCode).filter(code => !listed.has(code))).toEqual([])
  expect(listed.size).toBe(Object.values(ReasonCode).length)
})

test('codes from 0x80 on are failures', () => {
  expect([0x00, 0x19, 0x7f, 0x80, 0xa2].map(isFailure)).toEqual([false, false, false, true, true])
})

test('codes and packets have names for people', () => {
  expect([0x00, 0x02, 0x95, 0x9b, 0x77].map(reasonCodeName)).toEqual([
    'Success',
    'Granted QoS 2',
    'Packet Too Large',
    'QoS Not Supported',
    '0x77',
  ])
  expect([1, 15, 0].map(packetTypeName)).toEqual(['CONNECT', 'AUTH', 'packet type 0'])
})

const returnCodes: [reasonCode: keyof typeof ReasonCode, returnCode: keyof typeof ConnackReturnCode | undefined][] = [
  ['Success', 'Accepted'],
  ['UnsupportedProtocolVersion', 'UnacceptableProtocolVersion'],
  ['ClientIdentifierNotValid', 'IdentifierRejected'],
  ['BadUserNameOrPassword', 'BadUserNameOrPassword'],
  ['NotAuthorized', 'NotAuthorized'],
  ['Banned', 'NotAuthorized'],
  ['BadAuthenticationMethod', 'NotAuthorized'],
  ['ServerUnavailable', 'ServerUnavailable'],
  ['ServerBusy', 'ServerUnavailable'],
  ['QuotaExceeded', 'ServerUnavailable'],
  ['UseAnotherServer', 'ServerUnavailable'],
  ['ServerMoved', 'ServerUnavailable'],
  ['ConnectionRateExceeded', 'ServerUnavailable'],
  ['MalformedPacket', undefined],
  ['ProtocolError', undefined],
  ['PacketTooLarge', undefined],
]
for (const [reasonCode, returnCode] of returnCodes) {
  test(`[MQTT3-3.2.2-6] ${reasonCode} is ${returnCode ?? 'nothing that CONNACK could say'}, MQTT 3.1.1`, () => {
    expect(connackReturnCodeOf(ReasonCode[reasonCode])).toBe(returnCode && ConnackReturnCode[returnCode])
  })
}
