import { decodePacket, PacketDecoder } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from '../notation.ts'

const connect = "10 0d 0004 'MQTT' 05 02 0000 00 0000"
const connectWithMethod = "10 11 0004 'MQTT' 05 02 0000 04 15 0001 'm' 0000"
const auths: [name: string, connect: string, auth: string, code: string, statement: string | undefined][] = [
  ['[MQTT-4.12.0-7] AUTH is', connect, 'f0 06 18 04 15 0001 6d', 'ERR_MQTT_PROTOCOL_ERROR', '[MQTT-4.12.0-7]'],
  ['[MQTT-4.12.0-7] AUTH with flags is', connect, 'f1 00', 'ERR_MQTT_PROTOCOL_ERROR', '[MQTT-4.12.0-7]'],
  [
    '[MQTT-3.15.1-1] AUTH with flags behind an Authentication Method is',
    connectWithMethod,
    'f1 00',
    'ERR_MQTT_MALFORMED_PACKET',
    '[MQTT-3.15.1-1]',
  ],
]
test.each(auths)('%s refused after what CONNECT has said', (_, first, auth, code, statement) => {
  const decoder = new PacketDecoder({ receiver: 'server' })
  decoder.push(bytesOf(`${first} ${auth}`))
  decoder.next()

  expect(() => decoder.next()).toThrow(expect.objectContaining({ code, statement }))
})

test('[MQTT-4.12.0-7] AUTH is taken behind an Authentication Method in CONNECT', () => {
  const decoder = new PacketDecoder({ receiver: 'server' })
  decoder.push(bytesOf(`${connectWithMethod} f0 06 18 04 15 0001 'm'`))
  decoder.next()

  expect(decoder.next()).toMatchObject({ reasonCode: 0x18 })
  expect(decodePacket(bytesOf('f0 00'), { receiver: 'server', version: 5 })).toBeDefined()
})
