import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import { checkStore } from '../../src/store/store-check.ts'
import { diskStore } from '../support/filled-store.ts'
import { MemoryEngine } from '../support/memory-engine.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { messageOf } from '../support/subscribers.ts'
import { queued, session, subscription } from './store-records.ts'

const clientIds = ['a', 'b', 'c']

/** One thing that is done to a store: what, to which Session, and a number that says more. */
interface Step {
  readonly kind: (typeof kinds)[number]
  readonly clientId: string
  readonly number: number
}

const kinds = [
  'save',
  'delete',
  'subscribe',
  'queue',
  'queue for all',
  'finish',
  'finish when settled',
  'release',
  'accept',
  'retain',
  'commit',
  'settle',
  'pause',
  'restart',
] as const

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  clientId: fc.constantFrom(...clientIds),
  number: fc.nat(40),
})

/** A store under random use; what was queued is remembered by Session, as a broker does. */
class UsedStore {
  readonly engine = new MemoryEngine()
  readonly log = new RecordingLog()
  store = diskStore(this.engine, { journalBytesMax: 200, log: this.log })
  readonly #queues = new Map<string, QueuedRecord[]>()
  #sequence = 0

  async do({ kind, clientId, number }: Step): Promise<void> {
    const { store } = this
    const queue = this.#queues.get(clientId) ?? []
    const record = queue[number % Math.max(1, queue.length)]
    if (kind === 'save' && !this.#queues.has(clientId)) this.#queues.set(clientId, [])
    if (kind === 'save') store.saveSession(session(clientId, { expiryInterval: number }))
    else if (kind === 'delete') this.#delete(clientId)
    else if (kind === 'subscribe') store.saveSubscription(clientId, subscription(`f/${number}`))
    else if (kind === 'queue') this.#queue([clientId], number)
    else if (kind === 'queue for all') this.#queue(clientIds, number)
    else if (kind === 'finish') this.#finish(clientId, record)
    else if (kind === 'finish when settled') this.#finishWhenSettled(clientId, record)
    else if (kind === 'release') this.#release(clientId, record)
    else if (kind === 'accept') store.acceptIncoming(clientId, number + 1)
    else if (kind === 'retain')
      store.saveRetained(`r/${number}`, number % 3 === 0 ? undefined : messageOf(`r/${number}`))
    else if (kind === 'commit') store.commit()
    else if (kind === 'settle') await this.#settle()
    else if (kind === 'pause') await new Promise(resolve => setImmediate(resolve))
    else if (kind === 'restart') await this.restart()
  }

  /** Closes the store and loads it again; the messages are read as a broker would. */
  async restart(): Promise<void> {
    await this.store.close()
    this.store = diskStore(this.engine, { journalBytesMax: 200, log: this.log })
    const { sessions } = await this.store.load()
    this.#queues.clear()
    for (const { clientId } of sessions) this.#queues.set(clientId, await this.#read(clientId))
  }

  async #read(clientId: string): Promise<QueuedRecord[]> {
    const records: QueuedRecord[] = []
    for (let from = 0; ; from = records.at(-1)!.sequence + 1) {
      const page = await new Promise<readonly QueuedRecord[]>(resolve => this.store.readQueue(clientId, from, resolve))
      if (page.length === 0) return records
      records.push(...page)
    }
  }

  #finish(clientId: string, record: QueuedRecord | undefined): void {
    const queue = this.#queues.get(clientId)
    if (queue === undefined || record === undefined || !queue.includes(record)) return
    queue.splice(queue.indexOf(record), 1)
    this.store.dequeue(clientId, record)
  }

  /** What is finished at that moment was not yet when the checkpoint behind it begins. */
  #finishWhenSettled(clientId: string, record: QueuedRecord | undefined): void {
    this.store.commit()
    this.store.whenSettled(() => {
      this.#finish(clientId, record)
      this.store.commit()
    })
  }

  /** A message of QoS 2 is sent when it is durable, so no PUBREC comes before. */
  #release(clientId: string, record: QueuedRecord | undefined): void {
    if (record !== undefined && this.store.isDurable(record)) this.store.release(clientId, record)
  }

  #delete(clientId: string): void {
    this.#queues.delete(clientId)
    this.store.deleteSession(clientId)
  }

  #queue(receivers: readonly string[], number: number): void {
    const message = messageOf('t', 'x'.repeat(number % 2 === 0 ? 10 : 300))
    for (const clientId of receivers) {
      const record = queued(this.#sequence, message)
      if (!this.#queues.has(clientId)) continue
      this.#queues.get(clientId)!.push(record)
      this.store.enqueue(clientId, record)
    }
    this.#sequence++
  }

  async #settle(): Promise<void> {
    this.store.commit()
    await new Promise<void>(resolve => this.store.whenSettled(resolve))
  }
}

test('whatever is done to a store, it is without faults, when it is killed, when it starts, and when it is closed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150, size: 'max' }), async steps => {
      const used = new UsedStore()
      await used.store.load()
      for (const one of steps) await used.do(one)
      const running = await checkStore(used.engine.afterKill(), nodeRuntime)
      await used.restart()
      const restarted = await checkStore(used.engine.afterKill(), nodeRuntime)
      await used.store.close()
      const closed = await checkStore(used.engine, nodeRuntime)

      expect(used.log.lines('error')).toEqual([])
      expect([running.faults, restarted.faults, closed.faults]).toEqual([[], [], []])
    }),
    { numRuns: 200 },
  )
}, 60_000)
