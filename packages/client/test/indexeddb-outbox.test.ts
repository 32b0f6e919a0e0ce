import { afterEach, test, vi } from 'vitest'
import { indexedDbOutbox } from '../src/indexeddb-outbox.ts'
import { expectFailure, outboxSuite } from './outbox.suite.ts'
import { FakeIndexedDb } from './support/fake-indexeddb.ts'
import { settle } from './support/virtual-runtime.ts'

afterEach(() => vi.unstubAllGlobals())

outboxSuite('IndexedDB', async () => {
  vi.stubGlobal('indexedDB', new FakeIndexedDb())
  return { open: () => indexedDbOutbox('test'), rest: settle }
})

test('a transaction that fails rejects the message and is told', async () => {
  const database = new FakeIndexedDb()
  vi.stubGlobal('indexedDB', database)
  const outbox = indexedDbOutbox('test')
  const load = outbox.load.bind(outbox)
  outbox.load = async () => {
    const contents = await load()
    database.fault = new Error('quota exceeded')
    return contents
  }

  await expectFailure(outbox)
})
