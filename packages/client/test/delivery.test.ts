import { PacketType } from '@curlew/codec'
import { expect, test } from 'vitest'
import { connected } from './support/connected.ts'
import { accept } from './support/scripted-server.ts'

/** One step of a delivery: the Server's bytes, and what the Client is to say to them. */
type Step = readonly [bytes: string, answer: string[]]

const outgoing: Record<'1' | '2', readonly Step[]> = {
  1: [
    ['', [`PUBLISH a 'x' qos 1 id 1`]],
    ['40 02 0001', []],
  ],
  2: [
    ['', [`PUBLISH a 'x' qos 2 id 1`]],
    ['50 02 0001', ['PUBREL 1']],
    ['70 02 0001', []],
  ],
}

/** What is sent again after so many steps, when the Server has kept the Session and when it has not. */
const resent: Record<string, { kept: string[]; lost: string[] }> = {
  '1 after 1': { kept: [`PUBLISH a 'x' qos 1 id 1 dup`], lost: [`PUBLISH a 'x' qos 1 id 1`] },
  '1 after 2': { kept: [], lost: [] },
  '2 after 1': { kept: [`PUBLISH a 'x' qos 2 id 1 dup`], lost: [`PUBLISH a 'x' qos 2 id 1`] },
  '2 after 2': { kept: ['PUBREL 1'], lost: [] },
  '2 after 3': { kept: [], lost: [] },
}

for (const protocolVersion of [4, 5] as const) {
  for (const [name, { kept, lost }] of Object.entries(resent)) {
    for (const isKept of [true, false]) {
      const [qos, , steps] = name.split(' ')
      test(`QoS ${name} steps, Session ${isKept ? 'kept' : 'lost'} (version ${protocolVersion})`, async () => {
        const { client, server, runtime } = await connected({ protocolVersion, cleanStart: false })
        let isDone = false
        void client.publish('a', 'x', { qos: Number(qos) as 1 | 2 }).then(() => {
          isDone = true
        })
        for (const [bytes, answer] of outgoing[qos as '1' | '2'].slice(0, Number(steps))) {
          server.link.sendBytes(bytes)
          expect(await server.link.take()).toEqual(answer)
        }

        server.greeting = accept({}, isKept)
        server.link.drop()
        await runtime.pass(1_000)

        const expected = isKept ? kept : lost
        expect(await server.link.take()).toEqual([`CONNECT ${protocolVersion}`, ...expected])
        expect(isDone).toBe(expected.length === 0)
        if (expected[0]?.startsWith("PUBLISH a 'x' qos 1")) server.link.sendBytes('40 02 0001')
        else server.link.sendBytes('50 02 0001 70 02 0001')
        await client.drain()
        expect(isDone).toBe(true)
      })
    }
  }
}

test('[MQTT-4.6.0-1] what is in flight is sent again in order, before what waits', async () => {
  const { client, server, runtime } = await connected({ cleanStart: false })
  for (const name of ['a', 'b', 'c']) void client.publish(name, '', { qos: name === 'b' ? 2 : 1 })
  await server.link.take()
  server.greeting = accept({ receiveMaximum: 2 }, true)
  server.link.sendBytes('50 02 0002')
  await server.link.take()
  void client.publish('d', '', { qos: 1 })
  server.link.drop()
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual([
    'CONNECT 5',
    'PUBREL 2',
    `PUBLISH a '' qos 1 id 1 dup`,
    `PUBLISH c '' qos 1 id 3 dup`,
  ])
  server.link.sendBytes('40 02 0001')
  expect(await server.link.take()).toEqual([`PUBLISH d '' qos 1 id 4 dup`])
})

test('[MQTT-3.2.2-5] a lost Session keeps the order of what begins again', async () => {
  const { client, server, runtime } = await connected()
  for (const name of ['a', 'b', 'c']) void client.publish(name, '', { qos: 1 })
  await server.link.take()

  server.link.drop()
  await runtime.pass(1_000)

  expect(await server.link.take()).toEqual([
    'CONNECT 5',
    `PUBLISH a '' qos 1 id 1`,
    `PUBLISH b '' qos 1 id 2`,
    `PUBLISH c '' qos 1 id 3`,
  ])
})

test('[MQTT-4.3.3-10] a QoS 2 message is given to the application once, wherever the connection breaks', async () => {
  const { client, server, runtime } = await connected({ cleanStart: false })
  const got: string[] = []
  const asked = client.subscribe('a', message => got.push(message.text()))
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 02')
  await asked

  server.greeting = accept({}, true)
  server.link.sendBytes(`34 07 0001 'a' 0009 00 'x'`)
  expect(await server.link.take()).toEqual(['PUBREC 9'])
  server.link.drop()
  await runtime.pass(1_000)
  server.link.sendBytes(`3c 07 0001 'a' 0009 00 'x'`)
  expect(await server.link.take()).toEqual(['CONNECT 5', 'PUBREC 9'])
  server.link.sendBytes('62 02 0009')
  expect(await server.link.take()).toEqual(['PUBCOMP 9'])
  server.link.drop()
  await runtime.pass(2_000)
  server.link.sendBytes('62 02 0009')

  expect(await server.link.take()).toEqual(['CONNECT 5', 'PUBCOMP 9 92'])
  expect(got).toEqual(['x'])
})

for (const qos of [1, 2] as const) {
  test(`a QoS ${qos} message that the application still has is not given again, and acknowledged on the new connection`, async () => {
    const { client, server, runtime } = await connected({ cleanStart: false })
    const asked = client.subscribe('a', { ack: 'manual' })
    await server.link.take()
    server.link.sendBytes('90 04 0001 00 01')
    const subscription = await asked
    const flags = qos === 1 ? ['32', '3a'] : ['34', '3c']
    server.link.sendBytes(`${flags[0]} 07 0001 'a' 0009 00 'x'`)
    const { value: message } = await subscription.next()

    server.greeting = accept({}, true)
    server.link.drop()
    await runtime.pass(1_000)
    message?.ack()
    expect(await server.link.take()).toEqual(['CONNECT 5'])
    server.link.sendBytes(`${flags[1]} 07 0001 'a' 0009 00 'x'`)

    expect(await server.link.take()).toEqual([qos === 1 ? 'PUBACK 9' : 'PUBREC 9'])
    expect(subscription.buffered).toBe(0)
  })
}

test('[MQTT-3.2.2-5] an acknowledgement for a lost Session goes nowhere', async () => {
  const { client, server, runtime } = await connected()
  const asked = client.subscribe('a', { ack: 'manual' })
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 01')
  const subscription = await asked
  server.link.sendBytes(`32 07 0001 'a' 0009 00 'x'`)
  const { value: message } = await subscription.next()

  server.link.drop()
  await runtime.pass(1_000)
  await server.link.packets()
  message?.ack()

  expect(await server.link.take()).toEqual([])
})

test('a PUBREC of an unknown delivery is answered with 0x92', async () => {
  const { server } = await connected()

  server.link.sendBytes('50 02 0007  50 03 0008 80  40 02 0009  70 02 000a')

  expect(await server.link.packets()).toMatchObject([{ type: PacketType.Pubrel, packetId: 7, reasonCode: 0x92 }])
})
