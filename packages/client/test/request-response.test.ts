import { PacketType, type Publish } from '@curlew/codec'
import { expect, test } from 'vitest'
import { request, serve } from '../src/index.ts'
import { connected, failure, type Setting } from './support/connected.ts'
import { settle } from './support/virtual-runtime.ts'

/** Answers the SUBSCRIBE of the response topic and gives the request as it came. */
async function takeRequest({ server }: Setting): Promise<Publish> {
  const [subscribe] = await server.link.packets()
  if (subscribe?.type === PacketType.Subscribe) {
    server.link.send({ type: PacketType.Suback, packetId: subscribe.packetId, reasonCodes: [1], properties: {} })
  }
  const [publish] = subscribe?.type === PacketType.Publish ? [subscribe] : await server.link.packets()
  return publish as Publish
}

function respond({ server }: Setting, { properties }: Publish, text: string): void {
  const { responseTopic, correlationData } = properties
  server.link.send({
    type: PacketType.Publish,
    topic: responseTopic!,
    payload: new TextEncoder().encode(text),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: { correlationData },
  })
}

test('a request carries a response topic and correlation data, and gets its response', async () => {
  const setting = await connected()

  const one = request(setting.client, 'clock', 'one', { properties: { contentType: 'text/plain' } })
  const asked = await takeRequest(setting)
  const two = request(setting.client, 'clock', 'two')
  const askedToo = await takeRequest(setting)
  respond(setting, askedToo, 'second')
  respond(setting, asked, 'first')

  expect((await one).text()).toBe('first')
  expect((await two).text()).toBe('second')
  expect(asked).toMatchObject({ topic: 'clock', qos: 1, properties: { contentType: 'text/plain' } })
  expect(asked.properties.responseTopic).toMatch(/^response\/[0-9a-f]{24}$/)
  expect(askedToo.properties.responseTopic).toBe(asked.properties.responseTopic)
})

test('a request that nobody answers in time rejects', async () => {
  const setting = await connected()

  const failed = failure(request(setting.client, 'clock', '', { timeoutMs: 1_000 }))
  const asked = await takeRequest(setting)
  await setting.runtime.pass(1_000)
  respond(setting, asked, 'too late')

  expect(await failed).toMatchObject({ code: 'ERR_TIMEOUT', retryable: true })
})

test('each request has its own time', async () => {
  const setting = await connected()
  const ended: string[] = []
  for (const timeoutMs of [3_000, 1_000, 2_000]) {
    request(setting.client, 'clock', '', { timeoutMs }).catch(({ code }) => ended.push(`${code} ${timeoutMs}`))
  }
  await takeRequest(setting)

  const inTime: number[] = []
  for (let second = 0; second < 3; second++) {
    await setting.runtime.pass(1_000)
    inTime.push(ended.length)
  }

  expect(inTime).toEqual([1, 2, 3])
  expect(ended).toEqual(['ERR_TIMEOUT 1000', 'ERR_TIMEOUT 2000', 'ERR_TIMEOUT 3000'])
})

test('a request whose response overtakes its PUBACK is answered, and its delivery goes on', async () => {
  const setting = await connected()

  const asked = request(setting.client, 'clock', '')
  const taken = await takeRequest(setting)
  respond(setting, taken, 'noon')
  expect((await asked).text()).toBe('noon')
  expect(setting.client.outbox.count).toBe(1)
  setting.server.link.send({ type: PacketType.Puback, packetId: taken.packetId, reasonCode: 0, properties: {} })
  await setting.client.drain()

  expect(setting.client.outbox.count).toBe(0)
})

test('a request that has not been sent when its time is over is never sent', async () => {
  const setting = await connected({ reconnect: { delayMs: 10_000 } })
  void request(setting.client, 'clock', '').catch(() => {})
  await takeRequest(setting)
  setting.server.link.drop()
  await settle()

  const failed = failure(request(setting.client, 'clock', '', { timeoutMs: 1_000 }))
  await settle()
  const { count } = setting.client.outbox
  await setting.runtime.pass(1_000)

  expect(await failed).toMatchObject({ code: 'ERR_TIMEOUT' })
  expect(setting.client.outbox.count).toBe(count - 1)
})

test('when the Subscription for responses is refused, requests reject, and the next one asks for it again', async () => {
  const setting = await connected()

  const failed = failure(request(setting.client, 'clock', ''))
  await setting.server.link.take()
  setting.server.link.sendBytes('90 04 0001 00 87')
  expect(await failed).toMatchObject({ code: 'ERR_SUBSCRIBE_REFUSED', reasonCode: 0x87 })
  void request(setting.client, 'clock', '').catch(() => {})

  expect(await setting.server.link.take()).toMatchObject([expect.stringMatching(/^SUBSCRIBE 2 response/)])
})

test('a request that nobody serves rejects at once, if the Server tells', async () => {
  const setting = await connected()

  const failed = failure(request(setting.client, 'clock', ''))
  const { packetId } = await takeRequest(setting)
  setting.server.link.send({ type: PacketType.Puback, packetId, reasonCode: 0x10, properties: {} })

  expect(await failed).toMatchObject({ code: 'ERR_PUBLISH_REFUSED', reasonCode: 0x10 })
})

test('a signal gives a request up, and the end of the Client ends it', async () => {
  const setting = await connected()
  const controller = new AbortController()

  const aborted = failure(request(setting.client, 'clock', '', { signal: controller.signal }))
  await takeRequest(setting)
  const closed = failure(request(setting.client, 'clock', ''))
  await takeRequest(setting)
  controller.abort()
  void setting.client.close()

  expect(await aborted).toMatchObject({ code: 'ERR_ABORTED' })
  expect(await closed).toMatchObject({ code: 'ERR_CLOSED' })
})

test('3.1.1 has no requests', async () => {
  const { client } = await connected({ protocolVersion: 4 })

  expect(await failure(request(client, 'a', ''))).toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
})

test('serve() answers on the response topic with the correlation data, in a group if it is to', async () => {
  const { client, server } = await connected()
  const served = serve(client, 'clock', message => `${message.text()}!`, { group: 'workers', concurrency: 2 })
  expect(await server.link.take()).toEqual(['SUBSCRIBE 1 $share/workers/clock:1'])
  server.link.sendBytes('90 04 0001 00 01')
  await served

  server.link.sendBytes(`32 1f 0005 'clock' 0009 10  08 0005 'reply'  09 0005 'token' 'hello'`)
  expect(await server.link.packets()).toMatchObject([
    {
      topic: 'reply',
      payload: new TextEncoder().encode('hello!'),
      qos: 1,
      properties: { correlationData: new TextEncoder().encode('token') },
    },
  ])
  server.link.sendBytes('40 02 0001')

  expect(await server.link.take()).toEqual(['PUBACK 9'])
})

test('a handler that fails answers nothing and is told', async () => {
  const { client, server } = await connected()
  const errors: unknown[] = []
  client.on('error', error => errors.push(error))
  void serve(client, 'clock', () => Promise.reject(new Error('broken')))
  await server.link.take()
  server.link.sendBytes('90 04 0001 00 01')

  server.link.sendBytes(`32 12 0005 'clock' 0009 08  08 0005 'reply'`)

  expect(await server.link.take()).toEqual(['PUBACK 9 80'])
  expect(errors).toMatchObject([{ code: 'ERR_HANDLER', cause: new Error('broken') }])
})

test('concurrency must be a positive number', async () => {
  const { client } = await connected()

  expect(await failure(serve(client, 'a', () => '', { concurrency: 0 }))).toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
  })
})
