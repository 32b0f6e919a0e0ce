import { expect, test } from 'vitest'
import { noFaults } from '../macro/load/message-order.ts'
import { SharedArrivals, SharedOrder } from '../macro/load/shared-order.ts'

function group() {
  const faults = noFaults()
  const arrivals = new SharedArrivals(2, 4, faults)
  return { faults, first: new SharedOrder(arrivals, 2), second: new SharedOrder(arrivals, 2) }
}

test('messages may go to either member', () => {
  const { faults, first, second } = group()

  const accepted = [
    first.accept(0, 0),
    second.accept(0, 1),
    first.accept(1, 0),
    second.accept(0, 2),
    first.accept(0, 5),
  ]

  expect(accepted).toEqual([true, true, true, true, true])
  expect(faults).toEqual(noFaults())
})

test('a message may be overtaken by many that go to another member', () => {
  const { faults, first, second } = group()

  for (let sequence = 1; sequence < 250; sequence++) second.accept(0, sequence)

  expect(first.accept(0, 0)).toBe(true)
  expect(faults).toEqual(noFaults())
})

test('a message that both members get is a duplicate', () => {
  const { faults, first, second } = group()

  first.accept(0, 3)

  expect(second.accept(0, 3)).toBe(false)
  expect(faults.duplicates).toBe(1)
})

test('one member gets the messages of a publisher in order', () => {
  const { faults, first } = group()

  first.accept(0, 2)
  first.accept(1, 1)

  expect(first.accept(0, 1)).toBe(true)
  expect(faults.reordered).toBe(1)
})

test('a publisher that does not exist is a stray', () => {
  const { faults, first } = group()

  expect(first.accept(2, 0)).toBe(false)
  expect(faults.strays).toBe(1)
})
