import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { watch } from 'node:fs/promises'
import { join } from 'node:path'
import { PacketType, type Publish } from '@curlew/codec'
import { expect, test } from 'vitest'
import { connectPacket } from '../../broker/test/support/packets.ts'
import { binary } from './built.ts'
import { CurlewProcess, runCurlew, startCurlew } from './curlew-process.ts'
import { bodyOf, leaveState, properties, valuesOf } from './left-state.ts'
import { RawClient } from './raw-client.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A folder with `data`, which a broker has left that was killed, and `state.jsonl`, an export of it. */
async function exportedFolder(): Promise<string> {
  const folder = temporaryFolder()
  await leaveState(folder)
  await runCurlew(['export', '--output', 'state.jsonl'], { folder })
  return folder
}

async function exportOf(folder: string, data: string): Promise<string> {
  return (await runCurlew(['export', '--data', data], { folder })).stdout
}

const summary =
  '2 Sessions with 3 Subscriptions, 4 queued messages and 1 incoming Packet Identifier; 3 retained messages'

test('what is imported is exported the same, and the store is without faults', async () => {
  const folder = await exportedFolder()

  const outcome = await runCurlew(['import', 'state.jsonl', '--data', 'other'], { folder })

  const text = readFileSync(join(folder, 'state.jsonl'), 'utf8')
  expect(outcome).toEqual({
    ending: 0,
    stdout: `imported ${summary} into ${join(folder, 'other')}\n`,
    stderr: '',
  })
  expect(bodyOf(await exportOf(folder, 'other'))).toBe(bodyOf(text))
  expect((await runCurlew(['store', 'check', '--data', 'other'], { folder })).ending).toBe(0)
  expect(readdirSync(join(folder, 'other'))).toEqual(['store'])
})

test('standard input is taken, and leaves no temporary file', async () => {
  const folder = await exportedFolder()
  const input = readFileSync(join(folder, 'state.jsonl'))
  const temporary = temporaryFolder()

  const { status, stdout } = spawnSync(process.execPath, [binary, 'import', '-', '--data', 'other'], {
    cwd: folder,
    input,
    env: { ...process.env, TMPDIR: temporary },
    encoding: 'utf8',
  })

  expect([status, stdout]).toEqual([0, `imported ${summary} into ${join(folder, 'other')}\n`])
  expect(bodyOf(await exportOf(folder, 'other'))).toBe(bodyOf(input.toString()))
  expect(readdirSync(temporary)).toEqual([])
})

test('a broker goes on with imported Sessions where the other one was killed', async () => {
  const folder = await exportedFolder()
  await runCurlew(['import', 'state.jsonl', '--data', 'other'], { folder })

  const port = await startCurlew(folder, ['--data', 'other']).port('mqtt')
  const client = new RawClient(port)
  const session = { clientId: 'device/1', cleanStart: false, properties: { sessionExpiryInterval: 3600 } }
  client.send(connectPacket(session))
  const packets = [await client.next(), await client.next(), await client.next(), await client.next()]

  // What is sent again comes in an order of its own; PUBREL has none among the PUBLISHes.
  const rest = packets.slice(1).toSorted((a, b) => (a as Publish).packetId - (b as Publish).packetId)
  expect([packets[0], ...rest]).toMatchObject([
    { type: PacketType.Connack, sessionPresent: true },
    { type: PacketType.Pubrel, packetId: 1 },
    { type: PacketType.Publish, topic: 'a/second', packetId: 2 },
    { type: PacketType.Publish, topic: 'a/third', packetId: 3, qos: 2, properties: { subscriptionIdentifiers: [7] } },
  ])
  client.send({ type: PacketType.Pubrel, packetId: 77, reasonCode: 0, properties: {} })
  expect(await client.next()).toMatchObject({ type: PacketType.Pubcomp, packetId: 77, reasonCode: 0 })
  const other = new RawClient(port)
  other.send(connectPacket({ ...session, clientId: 'device/2' }))
  await other.next()
  const large = await other.next()
  expect(large).toMatchObject({ type: PacketType.Publish, topic: 'large' })
  expect((large as { properties: unknown }).properties).toMatchObject({
    contentType: properties.contentType,
    userProperties: properties.userProperties,
  })
})

test('what is there already is refused, and replaced when that is asked for', async () => {
  const folder = await exportedFolder()
  await runCurlew(['import', 'state.jsonl', '--data', 'other'], { folder })

  const refused = await runCurlew(['import', 'state.jsonl', '--data', 'other'], { folder })
  const replaced = await runCurlew(['import', 'state.jsonl', '--data', 'other', '--replace'], { folder })

  expect(refused).toEqual({
    ending: 2,
    stdout: '',
    stderr:
      'curlew: 2 Sessions of the file are there already: "device/1", "device/2"\n' +
      'curlew: 3 retained messages of the file are there already: "a/third", "kept/0", "kept/1"\n' +
      'curlew: nothing was imported\n' +
      'Try: curlew import --replace state.jsonl --data other   # what is there goes\n',
  })
  expect([replaced.ending, replaced.stderr]).toEqual([0, ''])
  expect(bodyOf(await exportOf(folder, 'other'))).toBe(bodyOf(readFileSync(join(folder, 'state.jsonl'), 'utf8')))
})

test('parts of an export come together in one store', async () => {
  const folder = await exportedFolder()
  for (const args of [
    ['--sessions', 'device/1'],
    ['--sessions', 'device/2'],
    ['--only', 'retained'],
  ]) {
    await runCurlew(['export', ...args, '--output', 'part.jsonl'], { folder })
    expect((await runCurlew(['import', 'part.jsonl', '--data', 'other'], { folder })).ending).toBe(0)
  }

  expect(bodyOf(await exportOf(folder, 'other'))).toBe(bodyOf(readFileSync(join(folder, 'state.jsonl'), 'utf8')))
})

test('a file with faults names each by its line and field, and imports nothing', async () => {
  const folder = await exportedFolder()
  const lines = readFileSync(join(folder, 'state.jsonl'), 'utf8').trimEnd().split('\n')
  lines[2] = lines[2]!.replace('"qos":1', '"qos":7')
  lines[5] = lines[5]!.replace('"payload":"eA=="', '"payload":"eA="')
  lines[9] = lines[9]!.slice(0, 30)
  lines.splice(10, 1, '{"type":"\xff"}')
  writeFileSync(join(folder, 'wrong.jsonl'), `${lines.join('\n')}\n`, 'latin1')

  const { ending, stdout, stderr } = await runCurlew(['import', 'wrong.jsonl', '--data', 'other'], { folder })

  expect([ending, stdout]).toEqual([2, ''])
  expect(stderr.split('\n')).toEqual([
    'curlew: wrong.jsonl:3: qos must be one of 0, 1, 2, not 7',
    'curlew: wrong.jsonl:6: message.payload must be base64, not "eA="',
    'curlew: wrong.jsonl:10: is not JSON',
    'curlew: wrong.jsonl:11: is not UTF-8',
    'curlew: nothing was imported',
    '',
  ])
  expect(existsSync(join(folder, 'other'))).toBe(false)
})

test('of many faults the first twenty are shown', async () => {
  const folder = temporaryFolder({ 'wrong.jsonl': 'x\n'.repeat(30) })

  const { stderr } = await runCurlew(['import', 'wrong.jsonl'], { folder })

  const lines = stderr.trimEnd().split('\n')
  expect(lines).toHaveLength(22)
  expect(lines.slice(-3)).toEqual([
    'curlew: wrong.jsonl:20: is not JSON',
    'curlew: and 11 more faults',
    'curlew: nothing was imported',
  ])
})

test('a file that is cut off imports nothing, wherever that is', async () => {
  const folder = await exportedFolder()
  const text = readFileSync(join(folder, 'state.jsonl'), 'utf8')
  const lineCount = valuesOf(text).length
  const behindLast = text.lastIndexOf('\n', text.length - 2) + 1

  for (const [length, line] of [
    [behindLast, `${lineCount}: the last line, of type "end", is missing: the file is cut off`],
    [behindLast + 10, `${lineCount}: is not JSON`],
    [0, '1: the last line, of type "end", is missing: the file is cut off'],
  ] as const) {
    writeFileSync(join(folder, 'cut.jsonl'), text.slice(0, length))
    const { ending, stderr } = await runCurlew(['import', 'cut.jsonl', '--data', 'other'], { folder })

    expect(ending).toBe(2)
    expect(stderr).toContain(`curlew: cut.jsonl:${line}\n`)
  }
  expect(existsSync(join(folder, 'other'))).toBe(false)
})

test('while a broker runs nothing is imported, and the way out is told', async () => {
  const folder = await exportedFolder()
  await startCurlew(folder, ['--data', 'data']).port('mqtt')

  const outcome = await runCurlew(['import', 'state.jsonl'], { folder })

  expect(outcome).toEqual({
    ending: 1,
    stdout: '',
    stderr:
      `curlew: data folder ${join(folder, 'data')} is in use by a broker or another curlew command: stop it first\n` +
      'Try: curlew import state.jsonl   # once that is stopped, with Ctrl+C or `kill`\n',
  })
})

const unreadable: [path: string, reason: string][] = [
  ['missing.jsonl', 'there is no such file'],
  ['data', 'it is a folder'],
]
for (const [path, reason] of unreadable) {
  test(`${path} cannot be read, because ${reason}`, async () => {
    const folder = temporaryFolder({ 'data/x': '' })

    const outcome = await runCurlew(['import', path, '--data', 'other'], { folder })

    expect(outcome).toEqual({ ending: 2, stdout: '', stderr: `curlew: cannot read ${path}: ${reason}\n` })
  })
}

test('a data folder below a file cannot be', async () => {
  const folder = await exportedFolder()

  const { ending, stderr } = await runCurlew(['import', 'state.jsonl', '--data', 'state.jsonl/data'], { folder })

  expect(ending).toBe(1)
  expect(stderr).toContain('a file is where a folder should be')
})

/** A state of many retained messages, so that importing it takes a while. */
function manyRetained(text: string, count: number): string {
  const lines = valuesOf(text)
  const message = { qos: 1, retain: true, publisherId: 'publisher', payload: 'eA==' }
  const retained = Array.from({ length: count }, (_, index) => ({
    type: 'retained',
    message: { topic: `many/${index}`, ...message },
  }))
  const end = { type: 'end', sessions: 0, subscriptions: 0, queued: 0, incoming: 0, retained: count }
  return [lines[0], ...retained, end].map(line => `${JSON.stringify(line)}\n`).join('')
}

/** Resolves when the journal of a store has more than so many bytes. */
async function untilWritten(folder: string, bytes: number): Promise<void> {
  for await (const { filename } of watch(folder)) {
    if (!filename?.endsWith('.log')) continue
    if ((statSync(join(folder, filename), { throwIfNoEntry: false })?.size ?? 0) > bytes) return
  }
}

test('an import that is killed in the middle is known to the store until it has been done again', async () => {
  const folder = await exportedFolder()
  const path = join(folder, 'many.jsonl')
  writeFileSync(path, manyRetained(readFileSync(join(folder, 'state.jsonl'), 'utf8'), 50_000))
  const store = join(folder, 'other/store')
  mkdirSync(store, { recursive: true })
  const importing = new CurlewProcess(['import', path, '--data', 'other'], { folder })
  await untilWritten(store, 100_000)
  importing.kill('SIGKILL')
  expect(await importing.ended).toBe('SIGKILL')

  // One after the other: each opens the store.
  const start = await runCurlew(['start', '--port', '0', '--ws-port', '0', '--data', 'other'], { folder })
  const again = await runCurlew(['import', path, '--data', 'other'], { folder })
  const check = await runCurlew(['store', 'check', '--data', 'other'], { folder })

  expect([start.ending, again.ending, check.ending]).toEqual([1, 1, 1])
  for (const text of [start.stderr, again.stderr, check.stdout]) {
    expect(text).toContain(`an import of ${path} into the store was interrupted`)
  }
  expect(start.stderr).toContain(`import --replace ${path} --data ${join(folder, 'other')}`)
  const replaced = await runCurlew(['import', '--replace', path, '--data', 'other'], { folder })
  expect(replaced.ending).toBe(0)
  expect(valuesOf(await exportOf(folder, 'other')).at(-1)).toMatchObject({ retained: 50_000 })
  expect((await runCurlew(['store', 'check', '--data', 'other'], { folder })).ending).toBe(0)
}, 60_000)
