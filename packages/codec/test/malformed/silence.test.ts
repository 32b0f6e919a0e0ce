import type { MqttError, PacketDecoderOptions, ProtocolVersion } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from '../notation.ts'
import { errorOf } from './refusal.ts'

type Row = [
  name: string,
  receiver: PacketDecoderOptions['receiver'],
  version: ProtocolVersion | undefined,
  bytes: string,
]

function optionsOf(receiver: PacketDecoderOptions['receiver'], version: ProtocolVersion | undefined) {
  return { receiver, ...(version === undefined ? {} : { version }) }
}

/** Faults of which the peer is not told, ADR 0013. */
const silent: Row[] = [
  ['a Remaining Length of five bytes', 'server', 5, '30 8080808001'],
  ['a Remaining Length of five bytes of what only a Server sends', 'server', 5, 'd0 8080808001'],
  ['a Remaining Length of five bytes of AUTH', 'server', 5, 'f0 8080808001'],
  ['a PINGREQ with a body', 'server', 5, 'c0 01 00'],
  ['a PINGRESP with a body from a Client', 'server', 5, 'd0 01 00'],
  ['a PINGRESP with a body', 'client', 5, 'd0 02 0000'],
  ['a DISCONNECT with a Reason Code of none', 'server', 5, 'e0 01 01'],
  ['a CONNECT of version 6', 'server', undefined, "10 0d 0004 'MQTT' 06 02 0000 00 0000"],
  ['a CONNECT of another protocol', 'server', undefined, "10 0e 0005 'AMQTT' 05 02 0000 00 0000"],
  ['a CONNECT with User Name Flag and no User Name', 'server', undefined, "10 0d 0004 'MQTT' 05 82 0000 00 0000"],
  ['a CONNECT whose User Name is not UTF-8', 'server', undefined, "10 10 0004 'MQTT' 05 82 0000 00 0000 0001 ff"],
  [
    'a CONNECT whose User Name is a control character',
    'server',
    undefined,
    "10 0f 0004 'MQTT' 04 82 0000 0000 0001 07",
  ],
  ['a CONNECT with Password Flag and no Password', 'server', undefined, "10 0d 0004 'MQTT' 05 42 0000 00 0000"],
]
test.each(silent)('the peer is not told of %s', (_, receiver, version, bytes) => {
  const error = errorOf(bytesOf(bytes), optionsOf(receiver, version)) as MqttError

  expect(error.isSilent).toBe(true)
})

/** Faults beside those above. */
const told: Row[] = [
  ['packet type 0, whatever its Remaining Length', 'server', 5, '00 8080808001'],
  ['a PINGRESP from a Client', 'server', 5, 'd0 00'],
  ['a Remaining Length that is padded', 'server', 5, 'c0 8000'],
  ['a DISCONNECT with a property of CONNECT', 'server', 5, 'e0 05 00 03 21 0001'],
  ['a PUBACK with a Reason Code of none', 'server', 5, '40 03 0001 01'],
  ['a CONNECT of a bridge', 'server', undefined, "10 0c 0004 'MQTT' 84 02 0000 0000"],
  ['a CONNECT whose Client Identifier is not UTF-8', 'server', undefined, "10 0e 0004 'MQTT' 05 02 0000 00 0001 ff"],
  ['a CONNECT that goes on behind its payload', 'server', undefined, "10 0e 0004 'MQTT' 05 02 0000 00 0000 00"],
]
test.each(told)('the peer is told of %s', (_, receiver, version, bytes) => {
  const error = errorOf(bytesOf(bytes), optionsOf(receiver, version)) as MqttError

  expect(error.isSilent).toBe(false)
})
