import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SequenceList } from '../../src/store/sequence-list.ts'
import { queued } from './store-records.ts'

test('any sequence of adding and deleting is that of a map', () => {
  const operation = fc.record({ adds: fc.boolean(), gap: fc.nat(3), at: fc.double({ min: 0, max: 1, noNaN: true }) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5_000, size: 'max' }), operations => {
      const list = new SequenceList()
      const model = new Map<number, unknown>()
      let next = 0
      for (const { adds, gap, at } of operations) {
        if (adds) {
          next += 1 + gap
          const record = queued(next)
          list.add(record)
          model.set(next, record)
        } else {
          // Mostly the oldest, as acknowledgements do.
          const sequence = at < 0.7 ? ([...model.keys()][0] ?? 0) : Math.floor(at * next)
          expect(list.delete(sequence)).toBe(model.delete(sequence))
        }
        expect(list.size).toBe(model.size)
      }
      expect(list.all()).toEqual([...model.values()])
      const middle = Math.floor(next / 2)
      const behind = [...model].filter(([sequence]) => sequence >= middle).map(([, record]) => record)
      expect(list.from(middle, 10)).toEqual(behind.slice(0, 10))
      expect(list.get(middle)).toBe(model.get(middle))
    }),
    { numRuns: 20 },
  )
})

test('a list that is filled and emptied all day does not grow', () => {
  const list = new SequenceList()
  for (let sequence = 0; sequence < 20_000; sequence++) {
    list.add(queued(sequence))
    if (sequence >= 100) expect(list.delete(sequence - 100)).toBe(true)
  }

  expect([list.size, list.from(0, 1)[0]?.sequence]).toEqual([100, 19_900])
})
