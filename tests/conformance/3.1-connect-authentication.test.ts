import type { AuthenticationMethod, AuthenticationStep } from '@curlew/broker'
import { ReasonCode } from '@curlew/codec'
import { expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { serverFor } from './support/rules.ts'

const question: AuthenticationStep = { outcome: 'continue', data: Buffer.from('?') }
const refused: AuthenticationStep = { outcome: 'failure', reasonCode: ReasonCode.NotAuthorized, message: 'no' }

/** Takes whoever answers `yes`. */
const asking: AuthenticationMethod = {
  begin: () => ({
    step: data => {
      if (data === undefined) return question
      return Buffer.from(data).equals(Buffer.from('yes')) ? { outcome: 'success' } : refused
    },
  }),
}
const broken: AuthenticationMethod = { begin: () => ({ step: () => Promise.reject(new Error('broken')) }) }

const server = serverFor({ authenticationMethods: { ask: asking, bad: broken } })

/** A CONNECT with the Authentication Method `ask`, `bad` or any other of three letters. */
const connectWith = (method: string): string => `10 14 0004 'MQTT' 05 02 0000 06 15 0003 '${method}' 0001 'c'`

const tooEarly: [what: string, bytes: string][] = [
  ['PUBLISH', "30 05 0001 'a' 00 'x'"],
  ['SUBSCRIBE', "82 07 0001 00 0001 'a' 00"],
  ['PINGREQ', 'c0 00'],
  ['PUBREL', '62 02 0001'],
  ['CONNECT', connectWith('ask')],
]
test.each(tooEarly)(
  '[MQTT-3.1.2-30] %s before the CONNACK of an authentication closes the connection',
  async (_, bytes) => {
    const client = server.open()
    client.send(connectWith('ask'))
    expect(await client.next()).toBe('AUTH')

    client.send(bytes)

    expect(await client.closing()).toEqual([])
    expect(server.broker.stats().sessions).toBe(0)
  },
)

test('[MQTT-3.1.2-30] [MQTT-3.1.4-5] AUTH before the CONNACK is taken, and CONNACK 0 ends the authentication', async () => {
  const client = server.open()
  client.send(connectWith('ask'))
  expect(await client.next()).toBe('AUTH')

  client.send("f0 0e 18 0c 15 0003 'ask' 16 0003 'yes'")

  expect(await client.upToNow()).toEqual(['CONNACK 00'])
})

test('[MQTT-3.1.2-30] DISCONNECT before the CONNACK is taken', async () => {
  const client = server.open()
  client.send(connectWith('ask'))
  expect(await client.next()).toBe('AUTH')

  client.send('e0 00')

  expect(await client.closing()).toEqual([])
})

test('[MQTT-3.1.4-2] a failed authentication is answered with its Reason Code, and the connection closed', async () => {
  const client = server.open()
  client.send(connectWith('ask'))
  expect(await client.next()).toBe('AUTH')

  client.send("f0 0d 18 0b 15 0003 'ask' 16 0002 'no'")

  expect(await client.closing()).toEqual(['CONNACK 87'])
  expect(server.broker.stats().sessions).toBe(0)
})

test('[MQTT-3.1.4-2] an authentication that can not be done lets nobody in', async () => {
  const client = server.open()

  client.send(connectWith('bad'))

  expect(await client.closing()).toEqual(['CONNACK 88'])
})

test('[MQTT-3.1.4-2] an Authentication Method that the Server does not have is refused, and the connection closed', async () => {
  const client = server.open()

  client.send(connectWith('abc'))

  expect(await client.closing()).toEqual(['CONNACK 8c'])
})

test('[MQTT-3.1.4-6] what follows a failed authentication is not processed', async () => {
  const watcher = await server.connect({ clientId: 'watcher' })
  watcher.send(subscribePacket(1, ['#']))
  const client = server.open()
  client.send(connectWith('ask'))
  await client.next()

  client.send("f0 0d 18 0b 15 0003 'ask' 16 0002 'no'", publishPacket('a', 'x'))
  client.send("f0 0e 18 0c 15 0003 'ask' 16 0003 'yes'", publishPacket('a', 'x'))

  expect(await client.closing()).toEqual(['CONNACK 87'])
  expect(await watcher.upToNow()).toEqual(['SUBACK 1 00'])
})
