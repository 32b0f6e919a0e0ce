import { describe, expect, test } from 'vitest'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { Injection, missingInjection, oneFileThread } from './crash/support/injection.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'

checkBuilt()

const environment = oneFileThread

/** A broker with a Session in which one acknowledged message waits, and the publisher of that. */
async function start() {
  const folder = temporaryFolder()
  const curlew = await FaultyCurlew.start(folder, { environment })
  await subscribeAndLeave(curlew, 'a')
  const { client: publisher } = await curlew.connect({ clientId: 'publisher' })
  const { client: other } = await curlew.connect({ clientId: 'other' })
  publisher.send(numbered('a', 0))
  expect(await publisher.next()).toBe('PUBACK 1')
  return { folder, curlew, publisher, other }
}

const missing = missingInjection()

describe.skipIf(missing !== undefined)(
  missing === undefined ? 'fsync fails' : `fsync fails ${reportSkip('errors of fsync', missing)}`,
  { timeout: 120_000 },
  () => {
    test('once: nothing is acknowledged until files opened anew hold it', async () => {
      const { folder, curlew, publisher } = await start()

      await Injection.start(curlew.pid, 'fdatasync,fsync:error=EIO:when=1')
      publisher.send(numbered('a', 1))
      await curlew.printed(/the store cannot write/)
      const answers = publisher.takeAll()
      await curlew.printed(/the store can write again/)
      publisher.send(numbered('a', 2))
      const late = [await publisher.next()]
      while (late.at(-1) !== 'PUBACK 3') late.push(await publisher.next())
      await curlew.kill()
      const next = await FaultyCurlew.start(folder)
      const { client, isPresent } = await next.connect(receiver)

      expect(answers).not.toContain('PUBACK 2')
      expect(isPresent).toBe(true)
      expect(await receiveUpTo(client, 2)).toEqual(late.includes('PUBACK 2') ? [0, 1, 2] : [0, 2])
    })

    test('always: everything is refused, and goes on by itself when the disk is well', async () => {
      const { folder, curlew, publisher, other } = await start()

      const injection = await Injection.start(curlew.pid, 'fdatasync,fsync:error=EIO')
      publisher.send(numbered('a', 1))
      await curlew.printed(/the store cannot write/)
      other.send(numbered('a', 2))
      const refusal = await other.next()
      await injection.end()
      await curlew.printed(/the store can write again/)
      other.send(numbered('a', 3))
      const answer = await other.next()
      await curlew.kill()
      const next = await FaultyCurlew.start(folder)
      const { client } = await next.connect(receiver)
      const numbers = await receiveUpTo(client, 3)

      expect(refusal).toBe('PUBACK 3 97')
      expect(answer).toBe('PUBACK 4')
      expect(numbers[0]).toBe(0)
      expect(numbers).not.toContain(2)
    })

    test('until the broker is killed: what was acknowledged before is there', async () => {
      const { folder, curlew, publisher } = await start()

      await Injection.start(curlew.pid, 'fdatasync,fsync:error=EIO')
      publisher.send(numbered('a', 1))
      await curlew.printed(/the store cannot write/)
      const answers = publisher.takeAll()
      await curlew.kill()
      const next = await FaultyCurlew.start(folder)
      const { client, isPresent } = await next.connect(receiver)

      expect(answers).not.toContain('PUBACK 2')
      expect(isPresent).toBe(true)
      expect(await receiveUpTo(client, 0)).toEqual([0])
    })
  },
)
