import { PacketType, ReasonCode } from '@curlew/codec'
import { expect, test } from 'vitest'
import { closesWithin } from '../src/stopping.ts'
import { startCurlew } from './curlew-process.ts'
import { RawClient } from './raw-client.ts'
import { temporaryFolder } from './temporary-folder.ts'

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} tells Clients of MQTT 5.0 that the broker stops, and ends it with code 0`, async () => {
    const curlew = startCurlew(temporaryFolder())
    const client = new RawClient(await curlew.port('mqtt'))
    await client.connect('reader')

    curlew.kill(signal)

    const disconnect = await client.next()
    client.end()
    expect(disconnect).toMatchObject({ type: PacketType.Disconnect, reasonCode: ReasonCode.ServerShuttingDown })
    expect(await curlew.ended).toBe(0)
    expect(curlew.stderr).toMatch(
      new RegExp(`"reason":"${signal}","connections":1,"msg":"stopping"}\\n.*"msg":"stopped"}\\n$`),
    )
  })
}

/** The broker waits a minute for Clients that do not close their side, which {@link RawClient} does not. */
const patient = { 'curlew.yaml': 'limits: { lingerMs: 60000 }' }

const second: [signal: 'SIGINT' | 'SIGTERM', exitCode: number][] = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]
for (const [signal, exitCode] of second) {
  test(`a second ${signal} ends the broker at once`, async () => {
    const curlew = startCurlew(temporaryFolder(patient))
    const client = new RawClient(await curlew.port('mqtt'))
    await client.connect('reader')

    curlew.kill(signal)
    await client.next()
    curlew.kill(signal)

    expect(await curlew.ended).toBe(exitCode)
  })
}

test('a stop that takes more than ten seconds is given up', async () => {
  const curlew = startCurlew(temporaryFolder(patient))
  const client = new RawClient(await curlew.port('mqtt'))
  await client.connect('reader')

  curlew.kill('SIGTERM')

  expect(await curlew.ended).toBe(1)
  expect(curlew.stderr).toMatch(/\ncurlew: the broker did not stop within 10 s; connections still open: 1\n$/)
})

test('a broker that npm has started stops when npm has gone', async () => {
  const environment = { npm_lifecycle_event: 'start' }
  const shell = startCurlew(temporaryFolder(), [], { environment, isInShell: true })
  const client = new RawClient(await shell.port('mqtt'))
  await client.connect('reader')

  shell.kill('SIGKILL')

  const disconnect = await client.next()
  client.end()
  expect(disconnect).toMatchObject({ type: PacketType.Disconnect, reasonCode: ReasonCode.ServerShuttingDown })
  await shell.printed('stderr', /"reason":"npm has gone".*\n.*"msg":"stopped"/)
})

test('a stop has as long as it is given', async () => {
  expect(await closesWithin(Promise.resolve(), 60_000)).toBe(true)
  expect(await closesWithin(new Promise(() => {}), 1)).toBe(false)
})
