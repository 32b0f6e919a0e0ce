import { expect, test } from 'vitest'
import {
  puback,
  pubcomp,
  publishPacket,
  pubrec,
  subscribePacket,
  unsubscribePacket,
} from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { versions } from '../../packages/broker/test/support/versions.ts'
import { type Client, serverFor } from './support/rules.ts'

const server = serverFor({ routing: { sharedStrategy: 'round-robin' } })

async function member(clientId: string, qos: 0 | 1 | 2, name: string): Promise<Client> {
  const client = await server.connect(persistent(5, clientId))
  client.send(subscribePacket(1, [{ filter: `$share/${name}/${name}`, qos }]))
  await client.next()
  return client
}

/** What is no Topic Filter at all is malformed; the rest is a Protocol Error (ADR 0013). */
const wrong: [name: string, filter: string, code: string][] = [
  ['[MQTT-4.8.2-1] an empty ShareName', "0009 '$share//a'", '82'],
  ['[MQTT-4.8.2-1] nothing behind $share/', "0007 '$share/'", '82'],
  ['[MQTT-4.8.2-2] a ShareName that is +', "000a '$share/+/a'", '82'],
  ['[MQTT-4.8.2-2] a ShareName with +', "000b '$share/g+/a'", '81'],
  ['[MQTT-4.8.2-2] a ShareName with #', "000a '$share/#/a'", '81'],
  ['[MQTT-4.8.2-2] no separator behind the ShareName', "0008 '$share/g'", '82'],
  ['[MQTT-4.8.2-2] no Topic Filter behind the ShareName', "0009 '$share/g/'", '82'],
  ['[MQTT-4.8.2-2] no Topic Filter that is one behind the ShareName', "000c '$share/g/#/a'", '81'],
]
test.each(wrong)('%s is no Shared Subscription', async (_, filter, code) => {
  const client = await server.connect()
  const size = client.encode([`0001 00 ${filter} 00`]).length

  client.send(`82 ${size.toString(16).padStart(2, '0')} 0001 00 ${filter} 00`)

  expect(await client.closing()).toEqual([`DISCONNECT ${code}`])
})

const right = ['$share/g/a', '$share/g/#', '$share/g/+/a', '$share/ä b/a', '$share/$share/a', '$share/g//a']
test.each(right)('[MQTT-4.8.2-1] [MQTT-4.8.2-2] %s is a Shared Subscription', async filter => {
  const client = await server.connect()

  client.send(subscribePacket(1, [filter]), unsubscribePacket(2, [filter]))

  expect(await client.take(2)).toEqual(['SUBACK 1 00', 'UNSUBACK 2 00'])
})

test.each(['$SHARE/g/a', '$share', '$shared/g/a'])('%s is a Topic Filter like any other', async filter => {
  const client = await server.connect()
  client.send(subscribePacket(1, [filter]))
  await client.next()

  client.send(publishPacket(filter, 'x'))

  expect(await client.upToNow()).toEqual([`PUBLISH ${filter} 'x'`])
})

test('[MQTT-4.8.2-3] each member gets messages at the QoS that it was granted', async () => {
  const members = [await member('q0', 0, 'qos'), await member('q1', 1, 'qos'), await member('q2', 2, 'qos')]
  const publisher = await server.connect({ clientId: 'publisher' })

  for (const packetId of [1, 2, 3]) publisher.send(publishPacket('qos', 'x', { qos: 2, packetId }))
  await publisher.upToNow()

  expect(await Promise.all(members.map(client => client.upToNow()))).toEqual([
    ["PUBLISH qos 'x'"],
    ["PUBLISH qos 'x' qos 1 id 1"],
    ["PUBLISH qos 'x' qos 2 id 1"],
  ])
})

const begun = [
  [
    '[MQTT-4.8.2-4] a QoS 2 message that was sent',
    'sent',
    [],
    "PUBLISH sent 'x' qos 2 id 1 dup",
    [pubrec(1), pubcomp(1)],
  ],
  ['[MQTT-4.8.2-4] a QoS 2 message that was received', 'received', [pubrec(1)], 'PUBREL 1', [pubcomp(1)]],
] as const
test.each(begun)('%s is completed with its Client when it comes back', async (_, name, acks, resumed, rest) => {
  const first = await member(`first-${name}`, 2, name)
  first.send(publishPacket(name, 'x', { qos: 2, packetId: 1 }))
  await first.take(2)
  first.send(...acks)
  await first.upToNow()
  const other = await member(`second-${name}`, 2, name)

  first.drop()

  const back = await server.connect(persistent(5, `first-${name}`))
  expect(await back.next()).toBe(resumed)
  back.send(...rest)
  await back.upToNow()
  expect(await other.upToNow()).toEqual([])
})

test('[MQTT-4.8.2-5] a QoS 2 message whose delivery has begun goes to nobody else when its Session ends', async () => {
  const first = await member('ending', 2, 'end')
  first.send(publishPacket('end', 'x', { qos: 2, packetId: 1 }))
  await first.take(2)
  const other = await member('staying', 2, 'end')

  first.send('e0 07 00 05 11 00000000')
  await first.closing()
  const back = await server.dial(persistent(5, 'ending'))

  expect(await back.next()).toBe('CONNACK 00')
  expect(await back.upToNow()).toEqual([])
  expect(await other.upToNow()).toEqual([])
})

const refusals = [
  ['[MQTT-4.8.2-6] a message refused with PUBACK 0x80 is tried with nobody else', 1, puback(1, 0x80)],
  ['[MQTT-4.8.2-6] a message refused with PUBACK 0x97 is tried with nobody else', 1, puback(1, 0x97)],
  ['[MQTT-4.8.2-6] a message refused with PUBREC 0x80 is tried with nobody else', 2, pubrec(1, 0x80)],
  ['[MQTT-4.8.2-6] a message refused with PUBREC 0x83 is tried with nobody else', 2, pubrec(1, 0x83)],
] as const
test.each(refusals)('%s', async (_, qos, refusal) => {
  const first = await member('refusing', qos, 'refused')
  first.send(publishPacket('refused', 'x', { qos, packetId: 1 }))
  await first.take(2)
  const other = await member('willing', qos, 'refused')

  first.send(refusal)
  expect(await first.upToNow()).toEqual([])
  first.drop()
  const back = await server.connect(persistent(5, 'refusing'))

  expect(await back.upToNow()).toEqual([])
  expect(await other.upToNow()).toEqual([])
  for (const client of [back, other]) client.send('e0 07 00 05 11 00000000')
  await Promise.all([back.closing(), other.closing()])
})

test.each(versions)('Clients of %s can be members too', async ({ version }) => {
  const first = await server.connect({ protocolVersion: version, clientId: 'one' })
  const second = await server.connect({ protocolVersion: version, clientId: 'two' })
  for (const client of [first, second]) client.send(subscribePacket(1, ['$share/mixed/mixed']))
  expect([await first.next(), await second.next()]).toEqual(['SUBACK 1 00', 'SUBACK 1 00'])
  const publisher = await server.connect({ clientId: 'publisher' })

  publisher.send(...['1', '2', '3', '4'].map(payload => publishPacket('mixed', payload)))
  await publisher.upToNow()

  const came = await Promise.all([first.upToNow(), second.upToNow()])
  expect(came.map(texts => texts.length)).toEqual([2, 2])
  expect(came.flat().toSorted()).toEqual(['1', '2', '3', '4'].map(payload => `PUBLISH mixed '${payload}'`))
})
