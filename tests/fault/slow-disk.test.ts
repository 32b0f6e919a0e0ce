import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { Injection, missingInjection, oneFileThread } from './crash/support/injection.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'

checkBuilt()

/** For so long, in milliseconds, one fsync is held up. */
const DELAY_MS = 3_000
const PUBLISHERS = 10
const MESSAGES_EACH = 50

/** A broker whose every fsync takes `delayMs` longer, with a Session that receives `a`. */
async function start(delayMs: number) {
  const folder = temporaryFolder()
  const curlew = await FaultyCurlew.start(folder, { environment: oneFileThread })
  await subscribeAndLeave(curlew, 'a')
  const { client: publisher } = await curlew.connect({ clientId: 'publisher' })
  await Injection.start(curlew.pid, `fdatasync,fsync:delay_enter=${delayMs * 1_000}`)
  return { folder, curlew, publisher }
}

const missing = missingInjection()

describe.skipIf(missing !== undefined)(
  missing === undefined ? 'a slow disk' : `a slow disk ${reportSkip('a slow disk', missing)}`,
  { timeout: 120_000 },
  () => {
    test('makes acknowledgements late, and nothing else', async () => {
      const { curlew, publisher } = await start(DELAY_MS)
      const { client: other } = await curlew.connect({ clientId: 'other' })
      other.send(subscribePacket(1, ['news']))
      await other.next()

      const startMs = performance.now()
      publisher.send(numbered('a', 0))
      const news: string[] = []
      for (let number = 0; number < 20; number++) {
        other.send(publishPacket('news', String(number)))
        news.push(await other.next())
      }
      const early = await publisher.upToNow()
      const newsMs = performance.now() - startMs
      const answer = early[0] ?? (await publisher.next())

      expect(news).toHaveLength(20)
      expect(answer).toBe('PUBACK 1')
      expect(performance.now() - startMs).toBeGreaterThan(DELAY_MS)
      // A machine that stood still for as long as the disk proves nothing either way.
      if (newsMs < DELAY_MS) expect(early).toEqual([])
    })

    test('is asked once for all that many publishers bring meanwhile', async () => {
      const { folder, curlew } = await start(1_000)
      const clients = await Promise.all(
        Array.from({ length: PUBLISHERS }, (_, index) => curlew.connect({ clientId: `publisher-${index}` })),
      )

      const startMs = performance.now()
      const answers = await Promise.all(
        clients.map(({ client }, index) => {
          const first = index * MESSAGES_EACH
          client.send(...Array.from({ length: MESSAGES_EACH }, (_, number) => numbered('a', first + number)))
          return client.take(MESSAGES_EACH)
        }),
      )
      const tookMs = performance.now() - startMs
      await curlew.kill()
      const next = await FaultyCurlew.start(folder)
      const { client } = await next.connect(receiver)
      next.connect({ clientId: 'last' }).then(({ client: last }) => last.send(numbered('a', 10_000)))
      const numbers = await receiveUpTo(client, 10_000)

      expect(answers.flat().every(answer => /^PUBACK \d+$/.test(answer))).toBe(true)
      // One second for each wait for the disk; each message by itself would take 500.
      expect(tookMs).toBeLessThan(20_000)
      expect(numbers.toSorted((a, b) => a - b)).toEqual([...Array(PUBLISHERS * MESSAGES_EACH).keys(), 10_000])
    })
  },
)
