import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MessageQueue, messageBytes } from '../../src/sessions/message-queue.ts'
import type { QueuedRecord } from '../../src/store/store.ts'
import { messageOf } from '../support/subscribers.ts'

const recordOf = (sequence: number, payloadBytes = 0): QueuedRecord => ({
  sequence,
  message: messageOf('t', 'x'.repeat(payloadBytes)),
  qos: 1,
  retain: false,
  subscriptionIdentifiers: [],
  sharedFilter: undefined,
  isReleased: false,
})
const sequencesOf = (records: readonly QueuedRecord[]): number[] => records.map(({ sequence }) => sequence)
const drain = (queue: MessageQueue): number[] => {
  const taken: number[] = []
  for (let record = queue.shift(); record !== undefined; record = queue.shift()) taken.push(record.sequence)
  return taken
}

test('messages leave in the order they came', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 10, queuedBytesMax: 10_000 })
  for (const sequence of [1, 2, 3]) queue.push(recordOf(sequence))

  expect(queue.peek()?.sequence).toBe(1)
  expect(drain(queue)).toEqual([1, 2, 3])
  expect([queue.count, queue.bytes, queue.peek()]).toEqual([0, 0, undefined])
})

test('beyond queuedMessagesMax the oldest go', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 2, queuedBytesMax: 10_000 })

  const dropped = [1, 2, 3, 4].map(sequence => sequencesOf(queue.push(recordOf(sequence))))

  expect(dropped).toEqual([[], [], [1], [2]])
  expect(drain(queue)).toEqual([3, 4])
})

test('beyond queuedBytesMax as many of the oldest go as are needed', () => {
  const size = messageBytes(recordOf(0, 100).message)
  const queue = new MessageQueue({ queuedMessagesMax: 100, queuedBytesMax: 3 * size })
  for (const sequence of [1, 2, 3]) queue.push(recordOf(sequence, 100))

  expect(sequencesOf(queue.push(recordOf(4, 100 + size)))).toEqual([1, 2])
  expect(drain(queue)).toEqual([3, 4])
})

test('a message larger than the whole queue is dropped itself, and nothing for it', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 100, queuedBytesMax: 1_000 })
  queue.push(recordOf(1))

  expect(sequencesOf(queue.push(recordOf(2, 1_000)))).toEqual([2])
  expect(drain(queue)).toEqual([1])
})

test('properties count as bytes', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 100, queuedBytesMax: 1_000 })
  const message = messageOf('t', 'x', { properties: { userProperties: [['name', 'x'.repeat(1_000)]] } })

  expect(sequencesOf(queue.push({ ...recordOf(1), message }))).toEqual([1])
})

test('what was stored before is taken back whatever the limits are now, and the next message makes room', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 2, queuedBytesMax: 10_000 })
  for (const sequence of [1, 2, 3, 4]) queue.restore(recordOf(sequence))

  expect(queue.count).toBe(4)
  expect(sequencesOf(queue.push(recordOf(5)))).toEqual([1, 2, 3])
  expect(drain(queue)).toEqual([4, 5])
})

test('every sequence of pushing and taking is that of a list with two limits', () => {
  const limits = { queuedMessagesMax: 50, queuedBytesMax: 8_000 }
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.record({ pushes: fc.constant(true), size: fc.integer({ min: 0, max: 9_000 }) }) },
    { weight: 6, arbitrary: fc.record({ pushes: fc.constant(true), size: fc.nat(20) }) },
    { weight: 4, arbitrary: fc.record({ pushes: fc.constant(false), size: fc.constant(0) }) },
  )
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4_000, size: 'max' }), operations => {
      const queue = new MessageQueue(limits)
      const model: QueuedRecord[] = []
      const bytes = (): number => model.reduce((sum, { message }) => sum + messageBytes(message), 0)
      for (const [sequence, { pushes, size }] of operations.entries()) {
        if (!pushes) {
          expect(queue.shift()).toBe(model.shift())
          continue
        }
        const record = recordOf(sequence, size)
        const gone: QueuedRecord[] = []
        model.push(record)
        const isTooLarge = messageBytes(record.message) > limits.queuedBytesMax
        if (isTooLarge) gone.push(model.pop()!)
        while (model.length > limits.queuedMessagesMax || bytes() > limits.queuedBytesMax) gone.push(model.shift()!)

        expect(sequencesOf(queue.push(record))).toEqual(sequencesOf(gone))
        expect([queue.count, queue.bytes]).toEqual([model.length, bytes()])
      }
      expect(drain(queue)).toEqual(sequencesOf(model))
    }),
    { numRuns: 8 },
  )
})

test('a queue that is filled and emptied all day does not grow', () => {
  const queue = new MessageQueue({ queuedMessagesMax: 3_000, queuedBytesMax: 1e9 })
  let taken = -1
  for (let sequence = 0; sequence < 20_000; sequence++) {
    queue.push(recordOf(sequence))
    if (sequence < 2_500) continue
    expect(queue.shift()?.sequence).toBe(++taken)
  }

  expect(queue.count).toBe(2_500)
})
