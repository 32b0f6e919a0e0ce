import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backlog, type BacklogOwner, type QueueLimits } from '../../src/sessions/backlog.ts'
import { StoreAnswers } from '../../src/sessions/store-answers.ts'
import { WaitingTotals } from '../../src/sessions/waiting-totals.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'
import type { QueuedRecord } from '../../src/store/queued-record.ts'
import { messageBytes } from '../../src/store/store.ts'
import { queued } from '../store/store-records.ts'
import { messageOf } from '../support/subscribers.ts'

const recordOf = (sequence: number, payloadBytes = 0): QueuedRecord =>
  queued(sequence, messageOf('t', 'x'.repeat(payloadBytes)))
const sequencesOf = (records: readonly QueuedRecord[]): number[] => records.map(({ sequence }) => sequence)

/** A store that answers reads when the test says so. */
class SlowStore extends MemoryStore {
  readonly #reads: (() => void)[] = []

  override readQueue(clientId: string, from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    this.#reads.push(() => super.readQueue(clientId, from, onRead))
  }

  /** @returns how many reads were answered */
  answer(): number {
    const reads = this.#reads.splice(0)
    for (const read of reads) read()
    return reads.length
  }
}

interface Options {
  limits?: Partial<QueueLimits>
  isStored?: boolean
  isConnected?: boolean
  store?: MemoryStore
}

/** A Backlog with a Session around it that forgets what is dropped. */
function setUp({ limits, isStored = false, isConnected = true, store = new MemoryStore() }: Options = {}) {
  const dropped: number[] = []
  const events = { touched: 0, filled: 0, lost: 0 }
  const totals = new WaitingTotals()
  const owner = {
    storeId: 'c',
    isStored,
    isConnected,
    onFilled: () => void events.filled++,
    onDropped: (record: QueuedRecord) => {
      dropped.push(record.sequence)
      store.dequeue('c', record)
    },
    onLost: (count: number) => {
      events.lost += count
    },
  } satisfies BacklogOwner
  store.saveSession({ clientId: 'c', expiryInterval: 1, disconnectedAtMs: undefined, will: undefined })
  const answers = new StoreAnswers(store, () => events.touched++)
  const backlog = new Backlog(owner, answers, { queuedMessagesMax: 100, queuedBytesMax: 10_000, ...limits }, totals)
  const push = (record: QueuedRecord) => {
    store.enqueue('c', record)
    backlog.push(record)
    return dropped.splice(0)
  }
  const shift = () => {
    const record = backlog.peek()
    if (record !== undefined) store.dequeue('c', record)
    return record && backlog.shift()
  }
  const drain = (): number[] => {
    const taken: number[] = []
    for (let record = shift(); record !== undefined; record = shift()) taken.push(record.sequence)
    return taken
  }
  return { backlog, totals, owner, store, events, dropped, push, shift, drain }
}

const homes: [name: string, options: Options][] = [
  ['in memory', {}],
  ['stored, of a connected Client', { isStored: true }],
  ['stored, of a Client that is away', { isStored: true, isConnected: false }],
]
describe.each(homes)('%s', (_, options) => {
  test('messages leave in the order they came', () => {
    const { backlog, push, drain } = setUp(options)
    for (const sequence of [1, 2, 3]) push(recordOf(sequence))

    expect(backlog.peek()?.sequence).toBe(1)
    expect(drain()).toEqual([1, 2, 3])
    expect([backlog.count, backlog.bytes, backlog.peek()]).toEqual([0, 0, undefined])
  })

  test('beyond queuedMessagesMax the oldest go', () => {
    const { push, drain } = setUp({ ...options, limits: { queuedMessagesMax: 2 } })

    const dropped = [1, 2, 3, 4].map(sequence => push(recordOf(sequence)))

    expect(dropped).toEqual([[], [], [1], [2]])
    expect(drain()).toEqual([3, 4])
  })

  test('beyond queuedBytesMax as many of the oldest go as are needed', () => {
    const size = messageBytes(recordOf(0, 100).message)
    const { push, drain } = setUp({ ...options, limits: { queuedBytesMax: 3 * size } })
    for (const sequence of [1, 2, 3]) push(recordOf(sequence, 100))

    expect(push(recordOf(4, 100 + size))).toEqual([1, 2])
    expect(drain()).toEqual([3, 4])
  })

  test('a message larger than the whole queue is dropped itself, and nothing for it', () => {
    const { push, drain } = setUp({ ...options, limits: { queuedBytesMax: 1_000 } })
    push(recordOf(1))

    expect(push(recordOf(2, 1_000))).toEqual([2])
    expect(drain()).toEqual([1])
  })

  test('every sequence of pushing and taking is that of a list with two limits', () => {
    const limits = { queuedMessagesMax: 50, queuedBytesMax: 8_000 }
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ pushes: fc.constant(true), size: fc.integer({ min: 0, max: 9_000 }) }) },
      { weight: 6, arbitrary: fc.record({ pushes: fc.constant(true), size: fc.nat(20) }) },
      { weight: 4, arbitrary: fc.record({ pushes: fc.constant(false), size: fc.constant(0) }) },
    )
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 2_000, size: 'max' }), operations => {
        const { backlog, totals, push, shift, drain } = setUp({ ...options, limits })
        const model: QueuedRecord[] = []
        const bytes = (): number => model.reduce((sum, { message }) => sum + messageBytes(message), 0)
        for (const [sequence, { pushes, size }] of operations.entries()) {
          if (!pushes) {
            expect(shift()).toBe(model.shift())
            continue
          }
          const record = recordOf(sequence, size)
          const gone: QueuedRecord[] = []
          model.push(record)
          const isTooLarge = messageBytes(record.message) > limits.queuedBytesMax
          if (isTooLarge) gone.push(model.pop()!)
          while (model.length > limits.queuedMessagesMax || bytes() > limits.queuedBytesMax) gone.push(model.shift()!)

          expect(push(record)).toEqual(sequencesOf(gone))
          expect([backlog.count, backlog.bytes]).toEqual([model.length, bytes()])
          expect(totals).toEqual({ count: model.length, bytes: bytes() })
        }
        expect(drain()).toEqual(sequencesOf(model))
        expect(totals).toEqual({ count: 0, bytes: 0 })
      }),
      { numRuns: 8 },
    )
  })

  test('a queue that is filled and emptied all day does not grow', () => {
    const { backlog, push, shift } = setUp({ ...options, limits: { queuedMessagesMax: 3_000, queuedBytesMax: 1e9 } })
    let taken = -1
    for (let sequence = 0; sequence < 8_000; sequence++) {
      push(recordOf(sequence))
      if (sequence < 2_500) continue
      expect(shift()?.sequence).toBe(++taken)
    }

    expect(backlog.count).toBe(2_500)
  })
})

test('properties count as bytes', () => {
  const { push } = setUp({ limits: { queuedBytesMax: 1_000 } })
  const message = messageOf('t', 'x', { properties: { userProperties: [['name', 'x'.repeat(1_000)]] } })

  expect(push({ ...recordOf(1), message })).toEqual([1])
})

test('where the oldest alone makes too much of a stored queue, it alone goes', () => {
  const store = new MemoryStore()
  const { backlog, push, drain } = setUp({
    store,
    isStored: true,
    isConnected: false,
    limits: { queuedBytesMax: 1_000 },
  })
  const earlier = [recordOf(0, 5_000), recordOf(1)]
  for (const record of earlier) store.enqueue('c', record)
  const bytes = earlier.reduce((sum, { message }) => sum + messageBytes(message), 0)
  backlog.restore({ count: 2, bytes, nextSequence: 2, lastReleased: -1 })

  const dropped = push(recordOf(2))

  expect([dropped, backlog.count]).toEqual([[0], 2])
  expect(drain()).toEqual([1, 2])
})

test('what was stored before is taken back whatever the limits are now, and the next message makes room', () => {
  const { backlog, totals, store, push, drain } = setUp({ isStored: true, limits: { queuedMessagesMax: 2 } })
  for (const sequence of [1, 2, 3, 4]) store.enqueue('c', recordOf(sequence))
  backlog.restore({ count: 4, bytes: 4 * messageBytes(recordOf(1).message), nextSequence: 5, lastReleased: -1 })

  expect([backlog.count, totals.count]).toEqual([4, 4])
  expect(push(recordOf(5))).toEqual([1, 2, 3])
  expect(totals.count).toBe(2)
  expect(drain()).toEqual([4, 5])
  expect(totals).toEqual({ count: 0, bytes: 0 })
})

describe('with a store that takes its time', () => {
  const stored = { isStored: true, isConnected: false } as const

  test('what waits is read when it is wanted, in order with what comes meanwhile, and its owner is told', () => {
    const store = new SlowStore()
    const { backlog, owner, events, push, drain } = setUp({ ...stored, store })
    for (const sequence of [1, 2, 3]) push(recordOf(sequence))
    owner.isConnected = true

    expect(backlog.peek()).toBeUndefined()
    push(recordOf(4))
    expect([backlog.count, store.answer(), events.touched, events.filled]).toEqual([4, 1, 1, 1])

    expect(drain()).toEqual([1, 2, 3, 4])
  })

  test('the oldest go when they have been read, and the limit holds again', () => {
    const store = new SlowStore()
    const { backlog, dropped, push } = setUp({ ...stored, store, limits: { queuedMessagesMax: 2 } })
    for (const sequence of [1, 2, 3, 4]) push(recordOf(sequence))

    store.answer()

    expect([dropped, backlog.count]).toEqual([[1, 2], 2])
  })

  test('an answer that comes after the Client has gone counts for nothing', () => {
    const store = new SlowStore()
    const { backlog, events, push } = setUp({ ...stored, store })
    for (const sequence of [1, 2]) push(recordOf(sequence))
    backlog.peek()
    backlog.stopReading()
    backlog.cool()

    store.answer()

    expect([backlog.windowRecords(), backlog.count, events.filled]).toEqual([[], 2, 0])
  })

  test('what the store has lost is counted and not waited for', () => {
    const store = new SlowStore()
    const { backlog, totals, events, push, drain } = setUp({ ...stored, store })
    push(recordOf(1))
    store.dequeue('c', recordOf(1))
    backlog.peek()

    store.answer()
    push(recordOf(2))
    backlog.peek()
    store.answer()

    expect([events.lost, drain(), totals]).toEqual([1, [2], { count: 0, bytes: 0 }])
  })

  test('messages are given away page by page, until nobody takes any of a page', () => {
    const store = new SlowStore()
    const limits = { queuedMessagesMax: 10_000, queuedBytesMax: 1e9 }
    const { backlog, totals, push } = setUp({ ...stored, store, limits })
    for (let sequence = 0; sequence < 5_000; sequence++) push(recordOf(sequence))
    const seen: number[] = []

    backlog.giveAway(({ sequence }) => {
      seen.push(sequence)
      return sequence < 1_500 ? 'taken' : 'refused'
    })
    let answered = 0
    while (store.answer() > 0) answered++

    // Pages of 1 024: the third one has none that is wanted.
    expect([answered, seen.length, backlog.count]).toEqual([3, 3 * 1_024, 3_500])
    expect(totals).toEqual({ count: backlog.count, bytes: backlog.bytes })
  })

  test('at the end of the Session a page that nobody takes does not keep those behind it', () => {
    const store = new SlowStore()
    const { backlog, push } = setUp({ ...stored, store })
    for (let sequence = 0; sequence < 1_500; sequence++) push(recordOf(sequence))
    const taken: number[] = []

    backlog.giveAway(
      ({ sequence }) => {
        if (sequence < 1_024) return 'refused'
        taken.push(sequence)
        return 'taken'
      },
      () => {},
    )
    while (store.answer() > 0);

    expect(taken).toHaveLength(1_500 - 1_024)
  })

  test('at the end of the Session what nobody has taken is forgotten, in memory and in the Store', () => {
    const store = new SlowStore()
    const { backlog, totals, owner, push } = setUp({ ...stored, store })
    for (const sequence of [1, 2, 3]) push(recordOf(sequence))
    owner.isConnected = true
    backlog.peek()
    store.answer()
    owner.isConnected = false
    for (const sequence of [4, 5]) push(recordOf(sequence))
    const counts: number[] = []

    backlog.giveAway(
      ({ sequence }) => (sequence % 2 === 0 ? 'taken' : 'refused'),
      () => counts.push(backlog.count, totals.count, totals.bytes),
    )
    while (store.answer() > 0);

    expect(counts).toEqual([0, 0, 0])
  })
})
