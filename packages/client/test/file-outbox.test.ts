import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileOutbox } from '../src/file-outbox.ts'
import type { Outbox, StoredMessage } from '../src/index.ts'
import { outboxSuite } from './outbox.suite.ts'

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'curlew-outbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'outbox')
}

/** An outbox that is closed when the test is over, whatever became of it. */
function opened(path: string): Outbox {
  const outbox = fileOutbox(path)
  onTestFinished(() => outbox.close())
  return outbox
}

const settled = (outbox: Outbox): Promise<unknown> => new Promise(resolve => outbox.settle(resolve))

function message(sequence: number, payload = new Uint8Array(8)): StoredMessage {
  return { sequence, topic: 'a', payload, qos: 1, retain: false, properties: {}, isReleased: false }
}

outboxSuite('file', async () => {
  const path = temporaryPath()
  let latest: Outbox
  return {
    open: () => (latest = opened(path)),
    rest: async () => {
      await new Promise(setImmediate)
      await settled(latest)
    },
  }
})

async function withMessages(path: string, count: number): Promise<void> {
  const outbox = opened(path)
  await outbox.load()
  for (let sequence = 0; sequence < count; sequence++) outbox.append(message(sequence))
  await settled(outbox)
  await outbox.close()
}

test('a write that was torn at any byte leaves what was before it', async () => {
  const path = temporaryPath()
  await withMessages(path, 2)
  const whole = readFileSync(path)

  for (let size = whole.length / 2; size < whole.length; size++) {
    writeFileSync(path, whole.subarray(0, size))
    const outbox = opened(path)
    expect((await outbox.load()).messages).toHaveLength(1)
    outbox.append(message(9))
    await outbox.close()
    const again = opened(path)
    expect((await again.load()).messages.map(({ sequence }) => sequence)).toEqual([0, 9])
    await again.close()
  }
})

test('a last record whose bytes are wrong, and zeros behind it, are cut off', async () => {
  const path = temporaryPath()
  await withMessages(path, 2)
  const bytes = readFileSync(path)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path, bytes)
  appendFileSync(path, Buffer.alloc(100))

  expect((await opened(path).load()).messages).toHaveLength(1)
  expect(statSync(path).size).toBe(bytes.length / 2)
})

test('damage before sound records is refused: to go on would lose messages', async () => {
  const path = temporaryPath()
  await withMessages(path, 3)
  const bytes = readFileSync(path)
  bytes[20]! ^= 1
  writeFileSync(path, bytes)

  await expect(opened(path).load()).rejects.toThrow(/damaged/)
})

test('a log of which little is alive is written anew, and loses nothing', async () => {
  const path = temporaryPath()
  const outbox = opened(path)
  await outbox.load()
  outbox.append(message(0, new Uint8Array(10)))
  outbox.append({ ...message(1), qos: 2 })
  outbox.release(1)
  outbox.acceptIncoming(5)

  for (let sequence = 2; sequence < 200; sequence++) {
    outbox.append(message(sequence, new Uint8Array(10_000)))
    outbox.remove(sequence)
    if (sequence % 10 === 0) await settled(outbox)
  }
  outbox.append(message(200))
  await outbox.close()

  expect(statSync(path).size).toBeLessThan(1_200_000)
  const { messages, incoming } = await opened(path).load()
  expect(messages.map(({ sequence, isReleased }) => [sequence, isReleased])).toEqual([
    [0, false],
    [1, true],
    [200, false],
  ])
  expect(incoming).toEqual([5])
})

test('changes of one turn are one write', async () => {
  const path = temporaryPath()
  const outbox = opened(path)
  await outbox.load()
  const order: number[] = []

  for (let sequence = 0; sequence < 100; sequence++) {
    outbox.append(message(sequence))
    outbox.settle(() => order.push(sequence))
  }
  await outbox.close()

  expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index))
})

test('an outbox that cannot be written rejects messages and says so', async () => {
  const path = temporaryPath()
  const outbox = opened(path)
  await outbox.load()
  await outbox.close()

  outbox.append(message(0))

  expect(await settled(outbox)).toBeInstanceOf(Error)
  expect(await settled(outbox)).toBeInstanceOf(Error)
  truncateSync(path)
})

test('a folder that does not exist is told when the outbox is opened', async () => {
  await expect(fileOutbox(join(temporaryPath(), 'none', 'outbox')).load()).rejects.toMatchObject({ code: 'ENOENT' })
})
