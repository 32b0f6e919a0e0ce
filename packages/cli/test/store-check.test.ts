import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevelSnapshot } from '@curlew/broker'
import { expect, test } from 'vitest'
import { runCurlew, startCurlew } from './curlew-process.ts'
import { leaveState, startFilled } from './left-state.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A folder whose `data` has all in rows: it was imported. */
async function importedFolder(): Promise<string> {
  const folder = temporaryFolder()
  await leaveState(folder)
  await runCurlew(['export', '--output', 'state.jsonl'], { folder })
  rmSync(join(folder, 'data'), { recursive: true })
  await runCurlew(['import', 'state.jsonl'], { folder })
  return folder
}

/** Changes rows of the store in `data`, through an engine on a snapshot that takes its place. */
async function edit(folder: string, change: (value: Uint8Array) => Uint8Array | undefined, key: string): Promise<void> {
  const store = join(folder, 'data/store')
  const snapshot = await LevelSnapshot.take(store)
  const { engine } = snapshot
  await engine.open()
  const bytes = Buffer.from(key, 'hex')
  const [value] = await engine.getMany([bytes])
  await engine.write([{ key: bytes, value: change(value ?? new Uint8Array()) }], true)
  await engine.close()
  rmSync(store, { recursive: true })
  cpSync(snapshot.folder, store, { recursive: true })
  await snapshot.remove()
}

test('what a broker has left that was killed is without faults', async () => {
  const folder = temporaryFolder()
  await leaveState(folder)

  const { ending, stdout, stderr } = await runCurlew(['store', 'check'], { folder })

  expect([ending, stderr]).toEqual([0, ''])
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map(line => line.trim().split(/ {2,}/))
  expect(Object.fromEntries(rows)).toMatchObject({
    store: join(folder, 'data/store'),
    format: '1',
    Sessions: '2',
    Subscriptions: '3',
    queued: '4',
    incoming: '1',
    retained: '3',
    faults: '0',
  })
  expect(readdirSync(join(folder, 'data'))).toEqual(['store'])
})

test('faults are shown, each with its place, and make the command end with code 1', async () => {
  const folder = await importedFolder()
  const flipped = (value: Uint8Array): Uint8Array => value.with(20, value[20]! ^ 1)
  await edit(folder, flipped, '5100000001000000000000')
  await edit(folder, () => undefined, '5300000002')
  await edit(folder, () => new Uint8Array(3), '42000000000007')

  const { ending, stdout, stderr } = await runCurlew(['store', 'check'], { folder })
  const json = await runCurlew(['store', 'check', '--json'], { folder })

  expect(ending).toBe(1)
  expect(stdout.split('\n').filter(line => line.startsWith('fault'))).toEqual([
    'fault  progress of Session 2: there is no Session 2: it is an orphan',
    'fault  Subscription "large" of Session 2: there is no Session 2: it is an orphan',
    'fault  body 7: a record of 3 bytes is too short',
    'fault  remainder of segment 0 of Session 2: there is no Session 2: it is an orphan',
    'fault  segment 0 of Session 1: the checksum of a record is wrong',
    'fault  segment 0 of Session 2: there is no Session 2: it is an orphan',
  ])
  const data = join(folder, 'data')
  expect(stderr.split('\n').slice(0, 2)).toEqual([
    'curlew: the store has 6 faults',
    `Try: curlew export --data ${data} --output state.jsonl   # saves what can be read`,
  ])
  expect(json.ending).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({
    folder: join(data, 'store'),
    format: 1,
    counts: { sessions: 1, subscriptions: 2, incoming: 1, retained: 3 },
    faultCount: 6,
    faults: { length: 6, 0: { place: 'progress of Session 2', problem: 'there is no Session 2: it is an orphan' } },
  })
})

/** Changes the largest file whose name matches. @returns its path */
function damage(folder: string, name: RegExp, change: (path: string) => void): string {
  const store = join(folder, 'data/store')
  const path = join(store, readdirSync(store).find(candidate => name.test(candidate))!)
  change(path)
  return path
}

test('a file of LevelDB that is damaged is a fault, and stays as it is', async () => {
  const folder = temporaryFolder()
  await leaveState(folder)
  const flipBit = (path: string): void => writeFileSync(path, readFileSync(path).with(100, 1))
  const path = damage(folder, /\.log$/, flipBit)
  const before = readFileSync(path)

  const { ending, stdout } = await runCurlew(['store', 'check'], { folder })
  const again = await runCurlew(['store', 'check'], { folder })

  expect(ending).toBe(1)
  expect(stdout).toMatch(/^fault {2}the files of the store: dropping \d+ bytes; .*checksum mismatch/m)
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(again.stdout).toBe(stdout)
})

test('files that LevelDB cannot open are a fault, and what is left of them is looked at', async () => {
  const folder = await importedFolder()
  const path = damage(folder, /^MANIFEST/, truncated => truncateSync(truncated, 5))

  const { ending, stdout } = await runCurlew(['store', 'check', '--json'], { folder })
  const exported = await runCurlew(['export', '--output', 'saved.jsonl'], { folder })

  expect(ending).toBe(1)
  const report = JSON.parse(stdout) as { counts: unknown; faults: unknown[] }
  expect(report.faults[0]).toMatchObject({ place: 'the files of the store' })
  expect(report.counts).toMatchObject({ sessions: 2, subscriptions: 3, queued: 4, incoming: 1, retained: 3 })
  expect(exported.ending).toBe(1)
  expect(exported.stderr).toContain('curlew: part of the store is damaged: the export is without it\n')
  expect(statSync(path).size).toBe(5)
})

test('while a broker runs nothing is checked', async () => {
  const folder = temporaryFolder()
  await startFilled(folder)

  const { ending, stdout, stderr } = await runCurlew(['store', 'check'], { folder })

  expect([ending, stdout]).toEqual([1, ''])
  expect(stderr).toContain(
    `curlew: data folder ${join(folder, 'data')} is in use by a broker or another curlew command: stop it first\n`,
  )
})

test('where there is no store there is nothing to check', async () => {
  const { ending, stderr } = await runCurlew(['store', 'check', '--data', 'none'], { folder: temporaryFolder() })

  expect(ending).toBe(2)
  expect(stderr).toContain('there is no store in data folder ')
})

test('a store of a later version names the way out', async () => {
  const folder = await importedFolder()
  const { rowOf, writeMeta, readMeta } = await import('../../broker/src/store/rows.ts')
  const { PacketWriter } = await import('@curlew/codec')
  const later = (value: Uint8Array): Uint8Array =>
    rowOf(new PacketWriter(), writer => writeMeta(writer, { ...readMeta(value), format: 99 }))
  await edit(folder, later, '4d')

  const { ending, stderr } = await runCurlew(['store', 'check'], { folder })

  expect(ending).toBe(1)
  expect(stderr).toContain(
    'the store has format 99; this version of Curlew reads up to 1: use the version that wrote it\n',
  )
})

test('what is damaged is mended with --repair: the check is clean, a broker starts, and the rest is there', async () => {
  const folder = await importedFolder()
  await edit(folder, value => value.with(20, value[20]! ^ 1), '5100000001000000000000')
  await edit(folder, () => new Uint8Array(3), '42000000000007')

  const repair = await runCurlew(['store', 'check', '--repair'], { folder })
  const check = await runCurlew(['store', 'check', '--json'], { folder })

  expect([repair.ending, check.ending]).toEqual([0, 0])
  expect(repair.stdout).toContain('mended  body 7: put aside: a record of 3 bytes is too short')
  const names = readdirSync(join(folder, 'data')).filter(name => name !== 'store')
  expect(names.length).toBeGreaterThan(0)
  expect(names.every(name => /^store\.damaged-rows-\d+\.jsonl$/.test(name))).toBe(true)
  expect(JSON.parse(check.stdout)).toMatchObject({
    faultCount: 0,
    counts: { sessions: 2, subscriptions: 3, retained: 3 },
  })
  await startCurlew(folder, ['--data', 'data']).port('mqtt')
})

test('a broker that runs is not disturbed by --repair', async () => {
  const folder = temporaryFolder()
  await startFilled(folder)

  const { ending, stderr } = await runCurlew(['store', 'check', '--repair'], { folder })

  expect([ending, stderr]).toEqual([1, expect.stringContaining('is in use by a broker or another curlew command')])
})
