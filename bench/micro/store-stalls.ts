import { DiskStore, type Engine, LevelEngine, nodeRuntime, type QueuedRecord, queuedRecord } from '@curlew/broker'
import { Message, NEVER } from '@curlew/protocol'
import { DataFolder } from '../macro/brokers/data-folder.ts'
import { TurnTimes } from './turn-times.ts'

/**
 * `node bench/dist/micro/store-stalls.js [PAYLOAD BYTES] [MESSAGES]`: for how long the store keeps the event loop while it is filled,
 * started with a full journal, and drained. The first line, a loop without a store, is what the machine itself does.
 */
const SESSION_COUNT = 100
/** Messages told in one turn: what a busy broker reads in one. */
const TURN_COUNT = 500
const IDLE_TURN_COUNT = 20_000
/** The first byte of the key of an envelope. */
const JOURNAL = 0x4a

const [payloadBytes = 16, messageCount = 1_000_000] = process.argv.slice(2).map(Number)
const clientIds = Array.from({ length: SESSION_COUNT }, (_, index) => `client-${index}`)
const log = { info() {}, warn: console.error, error: console.error }
const folder = new DataFolder()
const turns = new TurnTimes()
let level = new LevelEngine(`${folder.path}/store`)

try {
  for (let turn = 0; turn < IDLE_TURN_COUNT; turn++) await turns.next(() => {})
  turns.report('no store')
  await fill()
  turns.report('filling')
  await kill()
  const store = openStore()
  await spinning(store.load())
  turns.report('start')
  await drain(store)
  turns.report('draining')
  await spinning(store.close())
  turns.report('closing')
} finally {
  folder.remove()
}

async function fill(): Promise<void> {
  const store = openStore()
  await store.load()
  for (const clientId of clientIds) {
    store.saveSession({ clientId, expiryInterval: 0xffffffff, disconnectedAtMs: Date.now(), will: undefined })
  }
  for (let told = 0; told < messageCount; ) {
    if (store.isCongested) await turns.next(() => {})
    else {
      await turns.next(() => {
        for (const end = told + TURN_COUNT; told < end; told++) enqueue(store, told)
        store.commit()
      })
    }
  }
  while (!store.isSettled) await turns.next(() => {})
}

function enqueue(store: DiskStore, index: number): void {
  const message = new Message({
    ...{ topic: `room/${index % SESSION_COUNT}/state`, bytes: new Uint8Array(payloadBytes), payloadStart: 0 },
    ...{ payloadEnd: payloadBytes, qos: 1, retain: false, properties: {}, publisherId: 'publisher', expiresAt: NEVER },
  })
  const terms = { subscriptionIdentifiers: [], sharedFilter: undefined }
  const record = queuedRecord(Math.floor(index / SESSION_COUNT), message, 1, false, terms)
  store.enqueue(clientIds[index % SESSION_COUNT]!, record)
}

function openStore(): DiskStore {
  return new DiskStore({ engine: timed(level), runtime: nodeRuntime, log, durability: 'always' })
}

/** What is in the journal is left to the next start; whatever the old store does reaches no disk. */
async function kill(): Promise<void> {
  const killed = level
  level = new LevelEngine(`${folder.path}/store`)
  await killed.close()
}

/** All Sessions read and finish their queues page by page, each one page in a turn. */
async function drain(store: DiskStore): Promise<void> {
  let left = messageCount
  const draining = new Set(clientIds)
  const pages: { clientId: string; records: readonly QueuedRecord[] }[] = []
  const read = (clientId: string, from: number): void =>
    store.readQueue(clientId, from, records => pages.push({ clientId, records }))
  for (const clientId of clientIds) read(clientId, 0)
  while (draining.size > 0) {
    await turns.next(() => {
      const page = pages.shift()
      if (page === undefined) return
      const { clientId, records } = page
      if (records.length === 0) return void draining.delete(clientId)
      for (const record of records) store.dequeue(clientId, record)
      left -= records.length
      store.commit()
      read(clientId, records.at(-1)!.sequence + 1)
    })
  }
  if (left !== 0) throw new Error(`${left} of ${messageCount} messages are missing`)
}

/** Turns the event loop until a promise settles. */
async function spinning(promise: Promise<unknown>): Promise<void> {
  let isOver = false
  promise.finally(() => {
    isOver = true
  })
  while (!isOver) await turns.next(() => {})
  await promise
}

/** An engine whose calls are timed until they return their promise, and that does nothing any more when it has been replaced. */
function timed(engine: LevelEngine): Engine {
  const call = <Result>(kind: string, action: () => Promise<Result>): Promise<Result> =>
    engine === level ? turns.piece(kind, action) : new Promise(() => {})
  return {
    open: () => engine.open(),
    write: (changes, sync) => {
      const kind = changes[0]?.key[0] === JOURNAL ? 'write envelope' : 'write checkpoint'
      return call(kind, () => engine.write(changes, sync))
    },
    getMany: keys => call('get rows', () => engine.getMany(keys)),
    page: (range, limit) => call('page of rows', () => engine.page(range, limit)),
    close: () => engine.close(),
  }
}
