import { join } from 'node:path'
import { connect } from '@curlew/client'
import { expect, onTestFinished, test } from 'vitest'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { testSeed } from '../support/test-seed.ts'
import { Random } from './crash/random.ts'
import { FaultyCurlew } from './crash/support/faulty-curlew.ts'
import { PublisherLog, PublisherProcess } from './outbox/publisher-process.ts'

checkBuilt()

/** `OUTBOX_KILLS=<count> TEST_SEED=fresh` for a long run. */
const kills = Number(process.env['OUTBOX_KILLS'] ?? 16)

/** Some kills come before anything is said: while the outbox is read, or while what it holds is sent again. */
const KILLS_AT_START = 0.2
const LINES_MAX = 400

/** Numbers in the order they came, by QoS, and whether the last life's last message is among them. */
async function receive(port: number): Promise<readonly [number[], number[]]> {
  const client = await connect(`mqtt://127.0.0.1:${port}`, { clientId: 'receiver' })
  onTestFinished(() => client.close())
  const received: readonly [number[], number[]] = [[], []]
  const subscription = await client.subscribe('out/+', { qos: 2 })
  void (async () => {
    for await (const { topic, payload } of subscription) {
      received[topic === 'out/1' ? 0 : 1].push(Number.parseInt(Buffer.from(payload).toString(), 10))
    }
  })()
  return received
}

const ascending = (numbers: Iterable<number>): number[] => [...numbers].sort((one, other) => one - other)
const ofQos = (qos: 1 | 2, numbers: Iterable<number>): number[] =>
  [...numbers].filter(number => 1 + (number % 2) === qos)

test(`a publisher with a durable outbox that is killed ${kills} times loses nothing that was stored, and repeats nothing at QoS 2 (TEST_SEED=${testSeed})`, {
  timeout: 120_000 + kills * 5_000,
}, async () => {
  const random = new Random(testSeed)
  const broker = await FaultyCurlew.start(temporaryFolder())
  const port = await broker.port()
  const [atQos1, atQos2] = await receive(port)
  const outbox = join(temporaryFolder(), 'outbox')
  const log = new PublisherLog()

  for (let kill = 0; kill < kills; kill++) {
    const killAfter = random.chance(KILLS_AT_START) ? 1 : random.between(2, LINES_MAX)
    await new PublisherProcess(port, outbox, log, { killAfter, count: 0 }).end()
  }
  const storedBeforeLast = log.stored.size
  const last = new PublisherProcess(port, outbox, log, { killAfter: undefined, count: 20 })
  await last.end()
  const final = log.next - 1
  await expect.poll(() => Math.max(atQos1.at(-1) ?? 0, atQos2.at(-1) ?? 0), { timeout: 20_000 }).toBe(final)
  await expect.poll(() => Math.min(atQos1.at(-1) ?? 0, atQos2.at(-1) ?? 0), { timeout: 20_000 }).toBe(final - 1)

  console.log(`outbox: ${kills} kills, ${log.tried.size} tried, ${log.stored.size} stored, ${log.done.size} done`)
  expect([last.errors, log.isEmpty]).toEqual(['', true])
  expect(storedBeforeLast).toBeGreaterThan(kills)
  // Exactly once and in order.
  expect(atQos2).toEqual(ascending(new Set(atQos2)))
  expect(ofQos(2, log.stored).filter(number => !atQos2.includes(number))).toEqual([])
  // At least once; each came first in order.
  const firsts = [...new Set(atQos1)]
  expect(firsts).toEqual(ascending(firsts))
  expect(ofQos(1, log.stored).filter(number => !firsts.includes(number))).toEqual([])
  // What was acknowledged had been stored, and nothing came that nobody tried.
  expect([...log.done].filter(number => !log.stored.has(number))).toEqual([])
  expect([...atQos1, ...atQos2].filter(number => !log.tried.has(number))).toEqual([])
})
