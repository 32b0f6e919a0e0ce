import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { DeferredStore } from '../support/deferred-store.ts'
import { describeStore } from './store.suite.ts'

describeStore('the memory store', async () => {
  const store = new MemoryStore()
  const reopen = async () => {
    await store.close()
    return store
  }
  return { store, reopen }
})

test('the memory store settles at once', () => {
  const store = new MemoryStore()
  const calls: number[] = []
  store.saveSession({ clientId: 'a', expiryInterval: 1, disconnectedAtMs: undefined, will: undefined })

  store.whenSettled(() => calls.push(1))

  expect([store.isSettled, calls]).toEqual([true, [1]])
})

// The store that other tests hold up must itself keep the contract; here it settles whenever somebody waits.
describeStore('the deferred store of the tests', async () => {
  const store = new DeferredStore()
  const commit = store.commit.bind(store)
  store.commit = () => {
    commit()
    queueMicrotask(() => store.settle())
  }
  const reopen = async () => {
    await store.close()
    return store
  }
  return { store, reopen }
})
