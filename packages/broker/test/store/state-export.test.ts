import { expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { StateExport } from '../../src/store/state-export.ts'
import { StateImport } from '../../src/store/state-import.ts'
import { StateReader } from '../../src/store/state-reader.ts'
import type { StateSelection } from '../../src/store/state-selection.ts'
import { stillRuntime } from '../../src/store/still-runtime.ts'
import type { Store } from '../../src/store/store.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { diskStore, fill, settled } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { messageOf } from '../support/subscribers.ts'
import { VirtualRuntime } from '../support/virtual-runtime.ts'
import { queued, session } from './store-records.ts'

const everything: StateSelection = { includesSession: () => true, includesRetained: () => true }

async function exported(store: Store, runtime: Runtime, selection = everything): Promise<string[]> {
  const lines: string[] = []
  for await (const line of new StateExport(store, runtime, selection).lines()) lines.push(line)
  return lines
}

/** A runtime that stands still, as the commands use it; its clocks are a virtual one's. */
const still = (clock = new VirtualRuntime({ turns: 'real' })): Runtime => stillRuntime(clock)

/** Imports the lines into a store that has loaded what is there. */
async function imported(store: Store, lines: readonly string[], runtime: Runtime): Promise<void> {
  const states = new StateImport(store, runtime, await store.load())
  const reader = new StateReader({ monotonicMs: runtime.monotonicMs(), wallClockMs: runtime.wallClockMs() })
  for (const line of lines) await states.add(reader.read(line))
  reader.finish()
  await states.finish()
}

async function filledEngine(runtime: Runtime, isClosed: boolean): Promise<MemoryEngine> {
  const engine = new MemoryEngine()
  const store = diskStore(engine, { runtime })
  await store.load()
  await fill(store)
  if (isClosed) await store.close()
  return engine
}

const left: [how: string, isClosed: boolean][] = [
  ['was closed', true],
  ['was killed', false],
]
for (const [how, isClosed] of left) {
  test(`what is exported from a store that ${how} and imported into another one is exported the same`, async () => {
    const runtime = still()
    const engine = await filledEngine(runtime, isClosed)
    const other = new MemoryEngine()

    const lines = await exported(diskStore(engine, { runtime }), runtime)
    await imported(diskStore(other, { runtime }), lines, runtime)

    expect(lines).toHaveLength(1 + 3 + 3 + 2 + 6 + 2 + 1)
    expect(await exported(diskStore(other, { runtime }), runtime)).toEqual(lines)
    expect((await checkStore(other, runtime)).faults).toEqual([])
  })
}

test('time that goes on between export and import changes nothing but the header', async () => {
  const clock = new VirtualRuntime({ turns: 'real' })
  const [before, other] = [still(clock), new MemoryEngine()]
  const lines = await exported(diskStore(await filledEngine(before, true), { runtime: before }), before)
  await clock.advance(60_000.7)
  const later = still(clock)

  await imported(diskStore(other, { runtime: later }), lines, later)
  await clock.advance(1_000)
  const last = still(clock)
  const again = await exported(diskStore(other, { runtime: last }), last)

  expect(again.slice(1)).toEqual(lines.slice(1))
  expect(again[0]).not.toBe(lines[0])
})

test('a wall clock that was set back does not prolong the life of a message', async () => {
  const clock = new VirtualRuntime()
  const [before, memory] = [still(clock), new MemoryStore()]
  const message = messageOf('t', 'soon', { expiresAt: 10_000 })
  memory.saveSession(session('a'))
  memory.enqueue('a', queued(0, message))
  const lines = await exported(memory, before)
  clock.wallClockOffsetMs -= 3_600_000
  const after = new StateReader({ monotonicMs: 0, wallClockMs: clock.wallClockMs() })

  const [, , entry] = lines.map(line => after.read(line))

  expect(entry).toMatchObject({ kind: 'queued', record: { message: { expiresAt: 10_000 } } })
})

test('an export is the same for every store', async () => {
  const [runtime, memory] = [still(), new MemoryStore()]
  await fill(memory)

  const lines = await exported(memory, runtime)

  const engine = await filledEngine(runtime, true)
  const withoutExpiry = (line: string): string => line.replace(/"expiresAtMs":\d+/, '')
  expect(lines.map(withoutExpiry)).toEqual((await exported(diskStore(engine, { runtime }), runtime)).map(withoutExpiry))
})

test('lines have a header, each Session with what belongs to it, retained messages, and an end', async () => {
  const runtime = still()
  const engine = await filledEngine(runtime, true)

  const values = (await exported(diskStore(engine, { runtime }), runtime)).map(line => JSON.parse(line))

  const outline = values.map(({ type, clientId, filter, sequence, packetId, message }) =>
    [type, clientId, filter ?? sequence ?? packetId ?? message?.topic].filter(value => value !== undefined).join(' '),
  )
  expect(outline).toEqual([
    'header',
    'session empty',
    'session full',
    'subscription full $share/group/a/#',
    'subscription full z/+',
    'incoming full 2',
    'incoming full 65535',
    'queued full 3',
    'queued full 5',
    'queued full 6',
    'queued full 7',
    'queued full 8',
    'session other',
    'subscription other z/+',
    'queued other 0',
    'retained r/0',
    'retained r/1',
    'end',
  ])
  expect(values[0]).toEqual({
    type: 'header',
    format: 'curlew-state',
    version: 1,
    exportedAtMs: runtime.wallClockMs(),
  })
  expect(values[7]).toEqual({
    type: 'queued',
    clientId: 'full',
    sequence: 3,
    qos: 1,
    retain: true,
    isReleased: false,
    subscriptionIdentifiers: [9, 7],
    message: {
      topic: 't',
      qos: 0,
      retain: false,
      publisherId: 'ö',
      properties: {
        payloadFormatIndicator: 0,
        contentType: 'text/plain',
        responseTopic: 'answer/here',
        correlationData: 'AP8K',
        userProperties: [
          ['b', '2'],
          ['a', '1'],
          ['b', '1'],
        ],
      },
      payload: 'bTM=',
    },
  })
  expect(values[8]).toMatchObject({ sequence: 5, qos: 2, isReleased: true })
})

test('only what is selected is exported', async () => {
  const runtime = still()
  const engine = await filledEngine(runtime, true)
  const selection = {
    includesSession: (clientId: string) => clientId === 'other',
    includesRetained: (topic: string) => topic === 'r/0',
  }

  const lines = await exported(diskStore(engine, { runtime }), runtime, selection)

  expect(lines.map(line => JSON.parse(line)).map(({ type, clientId }) => clientId ?? type)).toEqual([
    'header',
    'other',
    'other',
    'other',
    'retained',
    'end',
  ])
})

test('many and large messages come over whole, in segments of their own', async () => {
  const [runtime, engine, other] = [still(), new MemoryEngine(), new MemoryEngine()]
  const store = diskStore(engine, { runtime, journalBytesMax: 100_000 })
  await store.load()
  store.saveSession(session('a'))
  for (let sequence = 0; sequence < 3_000; sequence++) {
    store.enqueue('a', queued(sequence * 3, messageOf('t', `${sequence}`.padEnd(sequence % 500 === 0 ? 1_000_000 : 9))))
    if (sequence % 100 === 0) await settled(store)
  }
  await store.close()

  const lines = await exported(diskStore(engine, { runtime }), runtime)
  await imported(diskStore(other, { runtime, journalBytesMax: 100_000 }), lines, runtime)

  expect(lines).toHaveLength(3_003)
  const again = await exported(diskStore(other, { runtime }), runtime)
  expect(again.every((line, index) => line === lines[index])).toBe(true)
})

test('a Session and a retained message that are there are replaced', async () => {
  const [runtime, engine] = [still(), new MemoryEngine()]
  const lines = await exported(diskStore(await filledEngine(runtime, true), { runtime }), runtime)
  const store = diskStore(engine, { runtime })
  await store.load()
  store.saveSession(session('full'))
  store.enqueue('full', queued(900))
  store.acceptIncoming('full', 900)
  store.saveRetained('r/0', messageOf('r/0', 'old', { qos: 1 }))
  await store.close()

  await imported(diskStore(engine, { runtime }), lines, runtime)

  expect(await exported(diskStore(engine, { runtime }), runtime)).toEqual(lines)
})

test('an import into a store that cannot write ends with its reason', async () => {
  const [runtime, engine] = [stillRuntime(nodeRuntime), new MemoryEngine()]
  const lines = await exported(diskStore(await filledEngine(runtime, true), { runtime }), runtime)
  engine.writesMax = 1 // that of the format

  await expect(imported(diskStore(engine, { runtime }), lines, runtime)).rejects.toThrow('the disk is broken')
})

test('an import of which the last write fails does not say that it is done', async () => {
  const [runtime, engine] = [stillRuntime(nodeRuntime), new MemoryEngine()]
  const lines = await exported(diskStore(await filledEngine(runtime, true), { runtime }), runtime)
  engine.writesMax = 2 // the envelope is written, the checkpoint is not

  await expect(imported(diskStore(engine, { runtime }), lines, runtime)).rejects.toThrow('the disk is broken')
})
