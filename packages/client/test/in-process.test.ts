import { createBroker } from '@curlew/broker'
import { expect, onTestFinished, test } from 'vitest'
import { connectInProcess, duplexPair } from '../src/in-process.ts'
import { settle } from './support/virtual-runtime.ts'

for (const protocolVersion of [4, 5] as const) {
  test(`a Client and a broker in one process need no socket (version ${protocolVersion})`, async () => {
    const broker = createBroker()
    onTestFinished(() => broker.close())

    const client = await connectInProcess(broker, { protocolVersion })
    const subscription = await client.subscribe('a', { qos: 2 })
    for (const qos of [0, 1, 2] as const) await client.publish('a', '☃'.repeat(50_000), { qos })
    const lengths: number[] = []
    for (let count = 0; count < 3; count++) lengths.push((await subscription.next()).value!.text().length)
    await client.close()

    expect(lengths).toEqual([50_000, 50_000, 50_000])
  })
}

test('a Client of a broker that closes hears why', async () => {
  const broker = createBroker()
  const client = await connectInProcess(broker, { reconnect: false })

  await broker.close()

  expect(await client.closed).toMatchObject({ code: 'ERR_DISCONNECTED', reasonCode: 0x8b })
})

test('a broker that is closed lets nobody in', async () => {
  const broker = createBroker()
  await broker.close()

  await expect(connectInProcess(broker, { reconnect: false })).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
})

test('what is written at one end of a pair is read at the other, up to its end', async () => {
  const [one, other] = duplexPair()
  const read: string[] = []
  other.on('data', chunk => read.push(String(chunk))).on('end', () => read.push('end'))

  one.write('a')
  one.write('')
  one.end('b')
  await settle()

  expect(read).toEqual(['a', 'b', 'end'])
})

test('an end that is not read holds up the writer', async () => {
  const [one, other] = duplexPair()

  for (let count = 0; count < 10; count++) one.write(new Uint8Array(100_000))
  await settle()
  const pending = one.writableLength
  other.resume()
  await settle()

  expect(pending).toBeGreaterThan(500_000)
  expect(one.writableLength).toBe(0)
})

test('an end that is destroyed takes the other with it; one that has said goodbye does not', async () => {
  const [one, other] = duplexPair()
  const [polite, reader] = duplexPair()
  one.destroy()
  polite.end('last words')
  await settle()
  polite.destroy()
  await settle()

  expect(other.destroyed).toBe(true)
  expect(String(reader.read())).toBe('last words')
})

test('writing to an end that is gone fails', async () => {
  const [polite, writer] = duplexPair()
  const errors: string[] = []
  writer.on('error', ({ message }) => errors.push(message))
  polite.end()
  await settle()
  polite.destroy()

  writer.write('anybody there?')
  await settle()

  expect(errors).toEqual(['the other end is closed'])
})

for (const protocolVersion of [4, 5] as const) {
  test(`a Client that closes without a goodbye leaves its Will to the broker (version ${protocolVersion})`, async () => {
    const broker = createBroker()
    onTestFinished(() => broker.close())
    const watcher = await connectInProcess(broker)
    const wills = await watcher.subscribe('+')
    const wordless = await connectInProcess(broker, { protocolVersion, will: { topic: 'silent', payload: 'gone' } })
    const polite = await connectInProcess(broker, { protocolVersion, will: { topic: 'polite', payload: 'gone' } })

    await polite.close()
    await wordless.close({ isSilent: true })

    expect((await wills.next()).value?.topic).toBe('silent')
  })
}
