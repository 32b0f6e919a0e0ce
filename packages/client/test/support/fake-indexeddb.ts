/** As much of IndexedDB as the outbox uses, in memory. It lives on when a database is closed, as the real one does. */
export class FakeIndexedDb {
  readonly #databases = new Map<string, Map<string, Map<number, unknown>>>()
  /** Set to make every later transaction fail. */
  fault: Error | undefined

  open(name: string): object {
    const isNew = !this.#databases.has(name)
    const stores = this.#databases.get(name) ?? new Map<string, Map<number, unknown>>()
    this.#databases.set(name, stores)
    const database = {
      createObjectStore: (store: string) => stores.set(store, new Map()),
      close: () => {},
      transaction: () => this.#transaction(stores),
    }
    const request = succeeding(database) as { onupgradeneeded?: () => void; result: object }
    if (isNew) queueMicrotask(() => request.onupgradeneeded?.())
    return request
  }

  #transaction(stores: Map<string, Map<number, unknown>>): object {
    const changes: (() => void)[] = []
    const transaction: {
      error?: Error
      oncomplete?: () => void
      onabort?: () => void
      objectStore: (name: string) => object
    } = {
      objectStore(name) {
        const rows = stores.get(name)!
        const keys = () => [...rows.keys()].sort((one, other) => one - other)
        return {
          put: (value: unknown, key: number) => changes.push(() => rows.set(key, structuredClone(value))),
          delete: (key: number) => changes.push(() => rows.delete(key)),
          clear: () => changes.push(() => rows.clear()),
          getAll: () => succeeding(keys().map(key => structuredClone(rows.get(key)))),
          getAllKeys: () => succeeding(keys()),
        }
      },
    }
    setImmediate(() => {
      if (this.fault) {
        transaction.error = this.fault
        return transaction.onabort?.()
      }
      for (const change of changes) change()
      transaction.oncomplete?.()
    })
    return transaction
  }
}

function succeeding(result: unknown): object {
  const request: { result: unknown; onsuccess?: () => void } = { result }
  setImmediate(() => request.onsuccess?.())
  return request
}
