import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { receiver, subscribeAndLeave } from './crash/support/receiving.ts'

checkBuilt()

/** Enough that all of LevelDB's files hold something worth damaging. */
const MESSAGES = 300
const PAYLOAD_BYTES = 1_024

/** Publishes to the Session of the receiver, and retained messages beside it. */
async function load(curlew: FaultyCurlew, first: number): Promise<void> {
  const { client } = await curlew.connect({ clientId: 'publisher' })
  for (let number = first; number < first + MESSAGES; number++) {
    const retained = publishPacket(`kept/${number}`, 'x', { qos: 1, packetId: 60_000, retain: true })
    client.send(numbered('a', number, PAYLOAD_BYTES), retained)
    await client.take(2)
  }
  client.drop()
}

/** What a broker leaves behind that is killed, and started, twice: tables of earlier runs and a log of the last one. */
async function leaveStore(folder: string): Promise<void> {
  const first = await FaultyCurlew.start(folder)
  await subscribeAndLeave(first, 'a')
  await load(first, 0)
  await first.kill()
  for (const start of [MESSAGES, 2 * MESSAGES]) {
    const next = await FaultyCurlew.start(folder)
    await load(next, start)
    await next.kill()
  }
}

/** All files below `folder`, as paths. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}

/** Changes every byte of a stretch of a file, at this part of its length. */
function flip(path: string, at: number, length: number): void {
  const bytes = readFileSync(path)
  const start = Math.floor(bytes.length * at)
  for (let index = start; index < Math.min(bytes.length, start + length); index++) bytes[index]! ^= 0x55
  writeFileSync(path, bytes)
}

const table = /\.(ldb|sst)$/

interface Damage {
  readonly name: string
  readonly file: RegExp
  /** @param path of the largest file that matches */
  readonly apply: (path: string) => void
}

const halve = (path: string): void => truncateSync(path, readFileSync(path).length >> 1)

const damages: readonly Damage[] = [
  { name: 'bits of the log are flipped at its beginning', file: /\.log$/, apply: path => flip(path, 0, 200) },
  { name: 'bits of the log are flipped in its middle', file: /\.log$/, apply: path => flip(path, 0.5, 200) },
  { name: 'bits of a table are flipped', file: table, apply: path => flip(path, 0.3, 200) },
  { name: 'the end of a table is flipped', file: table, apply: path => flip(path, 0.99, 10_000) },
  { name: 'a table is cut in half', file: table, apply: halve },
  { name: 'a table is gone', file: table, apply: path => rmSync(path) },
  { name: 'the manifest is cut in half', file: /MANIFEST-\d+$/, apply: halve },
  { name: 'bits of the manifest are flipped', file: /MANIFEST-\d+$/, apply: path => flip(path, 0.2, 40) },
  { name: 'the manifest is gone', file: /MANIFEST-\d+$/, apply: path => rmSync(path) },
  { name: 'the file CURRENT is empty', file: /CURRENT$/, apply: path => truncateSync(path, 0) },
  { name: 'the file CURRENT is gone', file: /CURRENT$/, apply: path => rmSync(path) },
]

describe('a store whose files are damaged', { timeout: 300_000 }, () => {
  const folderOfAll = mkdtempSync(join(tmpdir(), 'curlew-corrupt-'))
  afterAll(() => rmSync(folderOfAll, { recursive: true, force: true }))

  let leaving: Promise<void> | undefined
  const original = join(folderOfAll, 'data')

  /** A copy of the store, which is made once. */
  async function copyOfStore(): Promise<string> {
    leaving ??= leaveStore(original)
    await leaving
    const folder = join(temporaryFolder(), 'data')
    cpSync(original, folder, { recursive: true })
    return folder
  }

  for (const { name, file, apply } of damages) {
    test(`${name}: it is told loudly, nothing is deleted, and the broker serves`, async () => {
      const folder = await copyOfStore()
      const path = largest(filesIn(folder).filter(candidate => file.test(candidate)))
      apply(path)
      // LevelDB may write a new manifest and has no more use for journals, but nothing of what is damaged or holds rows may go.
      const precious = filesIn(folder).filter(candidate => candidate === path || table.test(candidate))
      const contents = precious.map(candidate => readFileSync(candidate))

      const curlew = await FaultyCurlew.start(folder)
      const { client } = await curlew.connect({ ...receiver, clientId: 'new' })
      client.send(subscribePacket(1, [{ filter: 'b', qos: 1 }]), numbered('b', 0))
      const answers = await client.take(3)
      await curlew.kill() // LevelDB takes files away when it wants to
      const files = filesIn(folder).map(candidate => readFileSync(candidate))

      expect(answers).toContain('PUBACK 1')
      expect(curlew.output).toMatch(/"level":"error".*(damaged|corrupt)/i)
      expect(contents.every(content => files.some(bytes => bytes.includes(content)))).toBe(true)
    })
  }

  test('the log ends in the middle of a record, as after a power cut: what is before it is there', async () => {
    const folder = await copyOfStore()
    const path = largest(filesIn(folder).filter(candidate => /\.log$/.test(candidate)))
    truncateSync(path, readFileSync(path).length - 100)

    const curlew = await FaultyCurlew.start(folder)
    const { client, isPresent } = await curlew.connect(receiver)
    const first = await client.next()

    expect(isPresent).toBe(true)
    expect(first).toMatch(/^PUBLISH a /)
  })
})

function largest(paths: readonly string[]): string {
  return paths.toSorted((a, b) => readFileSync(b).length - readFileSync(a).length)[0]!
}
