import { expect, test } from 'vitest'
import { Envelope } from '../../src/store/envelope.ts'
import { messageOf } from '../support/subscribers.ts'

test('of several writes to a retained topic the last one is kept, in the place of the first', () => {
  const envelope = new Envelope(1)
  const [old, other, last] = ['old', 'other', 'last'].map(payload => messageOf('t', payload))

  envelope.add({ kind: 'retain', topic: 'a', message: old }, false, 100)
  envelope.add({ kind: 'retain', topic: 'b', message: other }, false, 10)
  envelope.add({ kind: 'retain', topic: 'a', message: undefined }, true, 0)
  envelope.add({ kind: 'retain', topic: 'a', message: last }, false, 7)

  expect(envelope.close()).toEqual([
    { kind: 'retain', topic: 'a', message: last },
    { kind: 'retain', topic: 'b', message: other },
  ])
  expect([envelope.count, envelope.bytes, envelope.isUrgent]).toEqual([2, 17, true])
})
