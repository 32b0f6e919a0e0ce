import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'
import { missingTmpfs, Tmpfs } from './crash/support/tmpfs.ts'

checkBuilt()

const isRoot = process.getuid?.() === 0

/** The user `nobody`, who root becomes, because root may write anywhere. */
const NOBODY = 65_534

test('a folder that this user may not write to is refused by name, with the reason', async () => {
  const folder = temporaryFolder()
  chmodSync(folder, 0o555)
  if (isRoot) chownSync(folder, NOBODY, NOBODY)

  const curlew = new FaultyCurlew(join(folder, 'data'), isRoot ? { userId: NOBODY } : {})
  const ending = await curlew.ended
  chmodSync(folder, 0o755)

  expect(ending).toBe(1)
  expect(curlew.output).toContain(`cannot use data folder ${join(folder, 'data')}: this user may not write there`)
})

test('a second broker on the same folder is refused with a clear message, and the first one goes on', async () => {
  const folder = temporaryFolder()
  const first = await FaultyCurlew.start(folder)
  await subscribeAndLeave(first, 'a')

  const second = new FaultyCurlew(folder)
  const ending = await second.ended
  const { client: publisher } = await first.connect({ clientId: 'publisher' })
  publisher.send(numbered('a', 0))
  const answer = await publisher.next()
  await first.kill()
  const third = await FaultyCurlew.start(folder)
  const { client, isPresent } = await third.connect(receiver)

  expect(ending).toBe(1)
  expect(second.output).toContain(folder)
  expect(second.output).toMatch(/another|in use|already/)
  expect(answer).toBe('PUBACK 1')
  expect(isPresent).toBe(true)
  expect(await receiveUpTo(client, 0)).toEqual([0])
})

const missing = missingTmpfs()

describe.skipIf(missing !== undefined)(
  missing === undefined ? 'a file system' : `a file system ${reportSkip('a read-only file system', missing)}`,
  () => {
    test('that is read-only is refused with the reason; what is on it is there when it can be written again', async () => {
      const disk = new Tmpfs('32m')
      const folder = join(disk.folder, 'data')
      const first = await FaultyCurlew.start(folder)
      await subscribeAndLeave(first, 'a')
      const { client: publisher } = await first.connect({ clientId: 'publisher' })
      publisher.send(numbered('a', 0))
      expect(await publisher.next()).toBe('PUBACK 1')
      await first.kill()

      disk.remount('ro')
      const second = new FaultyCurlew(folder)
      const ending = await second.ended
      disk.remount('rw')
      const third = await FaultyCurlew.start(folder)
      const { client, isPresent } = await third.connect(receiver)

      expect(ending).toBe(1)
      expect(second.output).toContain(`cannot use data folder ${folder}: the file system is read-only`)
      expect(isPresent).toBe(true)
      expect(await receiveUpTo(client, 0)).toEqual([0])
    })
  },
)
