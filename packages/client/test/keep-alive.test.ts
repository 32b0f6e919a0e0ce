import { expect, test } from 'vitest'
import { connected } from './support/connected.ts'
import { accept, ScriptedServer } from './support/scripted-server.ts'

/** Moves the clock in steps, and answers every ping. */
async function passAnswering(
  { server, runtime }: Awaited<ReturnType<typeof connected>>,
  seconds: number,
): Promise<number> {
  let pings = 0
  for (let second = 0; second < seconds; second++) {
    await runtime.pass(1_000)
    for (const line of await server.link.take()) {
      if (line !== 'PINGREQ') continue
      pings++
      server.link.sendBytes('d0 00')
    }
  }
  return pings
}

test('[MQTT-3.1.2-20] an idle connection is pinged well within the Keep Alive', async () => {
  const setting = await connected({ keepAlive: 60 })

  const pings = await passAnswering(setting, 300)

  expect(pings).toBeGreaterThanOrEqual(5)
  expect(pings).toBeLessThanOrEqual(10)
  expect(setting.client.state).toBe('connected')
})

test('[MQTT-3.2.2-21] the Keep Alive of the Server takes the place of ours', async () => {
  const setting = await connected({ keepAlive: 600 }, new ScriptedServer(accept({ serverKeepAlive: 10 })))

  expect(await passAnswering(setting, 60)).toBeGreaterThanOrEqual(6)
})

test('a Keep Alive of 0 pings never', async () => {
  const setting = await connected({ keepAlive: 0 })

  expect(await passAnswering(setting, 1_000)).toBe(0)
})

test('a Server that does not answer is found out, and the Client comes back', async () => {
  const { client, server, runtime } = await connected({ keepAlive: 20, pingTimeoutMs: 5_000 })
  const reasons: string[] = []
  client.on('disconnected', error => reasons.push(error.code))

  await runtime.pass(15_000)
  expect(reasons).toEqual(['ERR_KEEP_ALIVE'])
  await runtime.pass(1_000)

  expect(client.state).toBe('connected')
  expect(server.links).toHaveLength(2)
})

test('a Client that only sends notices a Server that is gone as well', async () => {
  const { client, runtime } = await connected({ keepAlive: 20, pingTimeoutMs: 5_000 })
  const reasons: string[] = []
  client.on('disconnected', error => reasons.push(error.code))

  for (let second = 0; second < 16; second++) {
    client.publishNow('a', 'x')
    await runtime.pass(1_000)
  }

  expect(reasons).toEqual(['ERR_KEEP_ALIVE'])
})

test('a program that stood still pings at once and gives the Server its time', async () => {
  const { client, server, runtime } = await connected({ keepAlive: 60 })

  await runtime.sleep(3_600_000)
  expect(await server.link.take()).toEqual(['PINGREQ'])
  expect(client.state).toBe('connected')
  server.link.sendBytes('d0 00')
  await runtime.pass(20_000)

  expect(client.state).toBe('connected')
})

test('a ping whose time ran out while the program stood still is repeated, not held against the Server', async () => {
  const { client, server, runtime } = await connected({ keepAlive: 60 })
  await runtime.pass(30_000)
  expect(await server.link.take()).toEqual(['PINGREQ'])

  await runtime.sleep(600_000)
  expect(await server.link.take()).toEqual(['PINGREQ'])
  expect(client.state).toBe('connected')
  await runtime.pass(10_000)

  expect(await client.state).not.toBe('connected')
})

test('timers that a background page gets once a minute keep the connection', async () => {
  const { client, server, runtime } = await connected({ keepAlive: 60 })
  let longestMs = 0
  let lastMs = 0

  for (let minute = 0; minute < 10; minute++) {
    await runtime.sleep(60_000)
    if ((await server.link.take()).includes('PINGREQ')) {
      longestMs = Math.max(longestMs, runtime.now() - lastMs)
      lastMs = runtime.now()
      server.link.sendBytes('d0 00')
    }
  }

  expect(longestMs).toBeLessThanOrEqual(90_000)
  expect(client.state).toBe('connected')
})
