import { expect, test } from 'vitest'
import { Fifo } from '../src/fifo.ts'

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

function filled(items: readonly number[]): Fifo<number> {
  const queue = new Fifo<number>()
  for (const item of items) queue.push(item)
  return queue
}

const taken = (queue: Fifo<number>, count: number): (number | undefined)[] =>
  Array.from({ length: count }, () => queue.shift())

test('an empty queue has nothing to give', () => {
  const queue = filled([1])
  queue.shift()

  expect([queue.size, queue.peek(), queue.shift(), queue.size]).toEqual([0, undefined, undefined, 0])
})

test('a queue that has run empty begins anew', () => {
  const queue = filled([1, 2])
  taken(queue, 2)
  queue.push(3)

  expect([queue.size, queue.peek(), queue.shift(), queue.size]).toEqual([1, 3, 3, 0])
})

test('what comes first goes first, also when the list is moved up', () => {
  const queue = filled(numbers(0, 3_000))

  expect(taken(queue, 1_500)).toEqual(numbers(0, 1_500))
  for (const item of numbers(3_000, 4_000)) queue.push(item)
  expect(queue.size).toBe(2_500)
  expect(taken(queue, 2_501)).toEqual([...numbers(1_500, 4_000), undefined])
})

test('clearing gives what waits, in order, and leaves a queue that works', () => {
  const queue = filled(numbers(0, 10))
  taken(queue, 3)

  expect(queue.clear()).toEqual(numbers(3, 10))
  expect([queue.size, queue.peek()]).toEqual([0, undefined])
  queue.push(1)
  expect(queue.shift()).toBe(1)
})

test('a queue that had become short again does not give what lay behind its end', () => {
  const queue = filled(numbers(0, 20))
  taken(queue, 20)
  queue.push(1)

  expect(queue.clear()).toEqual([1])
})
