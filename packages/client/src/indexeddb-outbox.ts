import type { Outbox, OutboxContents, StoredMessage } from './outbox.ts'
import { decodeStored, encodeStored } from './stored-message.ts'

/** Version of the layout: two object stores. */
const LAYOUT = 1
/** Rows `{ bytes, isReleased }` by sequence. */
const MESSAGES = 'messages'
/** `true` by Packet Identifier. */
const INCOMING = 'incoming'

/** The part of IndexedDB that is used, so that this file needs no types of browsers. */
interface Request<Result> {
  readonly result: Result
  readonly error: unknown
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}
interface ObjectStore {
  put(value: unknown, key: number): unknown
  delete(key: number): unknown
  clear(): unknown
  getAll(): Request<unknown[]>
  getAllKeys(): Request<number[]>
}
interface Transaction {
  readonly error: unknown
  oncomplete: (() => void) | null
  onabort: (() => void) | null
  objectStore(name: string): ObjectStore
}
interface Database {
  createObjectStore(name: string): unknown
  transaction(names: string[], mode: string, options?: object): Transaction
  close(): void
}
interface Factory {
  open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null }
}

interface Row {
  readonly bytes: Uint8Array
  readonly isReleased: boolean
}

type Change = (messages: ObjectStore, incoming: ObjectStore) => void
type Callback = (fault?: unknown) => void

/**
 * An outbox in IndexedDB, for browsers and their workers: all changes of a turn are one transaction, stored strictly.
 *
 * The database belongs to one Client of one page at a time.
 *
 * @param name of the database; it is created if it does not exist
 * @example
 * const client = await connect('wss://broker.example', { clientId: 'till-3', outbox: indexedDbOutbox('till-3') })
 */
export function indexedDbOutbox(name: string): Outbox {
  return new IndexedDbOutbox(name)
}

class IndexedDbOutbox implements Outbox {
  readonly #name: string
  /** Rows that are stored, for the change of one of them. */
  readonly #rows = new Map<number, Row>()
  #database: Database | undefined
  #changes: Change[] = []
  #callbacks: Callback[] = []
  #isScheduled = false
  #fault: unknown

  constructor(name: string) {
    this.#name = name
  }

  async load(): Promise<OutboxContents> {
    const { indexedDB } = globalThis as unknown as { indexedDB: Factory }
    const opening = indexedDB.open(this.#name, LAYOUT)
    opening.onupgradeneeded = () => {
      for (const name of [MESSAGES, INCOMING]) opening.result.createObjectStore(name)
    }
    this.#database = await resultOf(opening)
    const transaction = this.#database.transaction([MESSAGES, INCOMING], 'readonly')
    const messages = transaction.objectStore(MESSAGES)
    const [keys, rows, incoming] = await Promise.all([
      resultOf(messages.getAllKeys()),
      resultOf(messages.getAll()) as Promise<Row[]>,
      resultOf(transaction.objectStore(INCOMING).getAllKeys()),
    ])
    const now = Date.now()
    for (const [index, row] of rows.entries()) this.#rows.set(keys[index]!, row)
    return { messages: rows.map(({ bytes, isReleased }) => decodeStored(bytes, isReleased, now)), incoming }
  }

  append(message: StoredMessage): void {
    this.#put(message.sequence, { bytes: encodeStored(message, Date.now()), isReleased: false })
  }

  release(sequence: number): void {
    const row = this.#rows.get(sequence)
    if (row) this.#put(sequence, { ...row, isReleased: true })
  }

  remove(sequence: number): void {
    this.#rows.delete(sequence)
    this.#change(messages => messages.delete(sequence))
  }

  acceptIncoming(packetId: number): void {
    this.#change((_, incoming) => incoming.put(true, packetId))
  }

  releaseIncoming(packetId: number): void {
    this.#change((_, incoming) => incoming.delete(packetId))
  }

  clearIncoming(): void {
    this.#change((_, incoming) => incoming.clear())
  }

  settle(callback: Callback): void {
    if (this.#fault !== undefined) return callback(this.#fault)
    this.#callbacks.push(callback)
    this.#schedule()
  }

  async close(): Promise<void> {
    await new Promise<void>(resolve => this.settle(() => resolve()))
    this.#database?.close()
  }

  #put(sequence: number, row: Row): void {
    this.#rows.set(sequence, row)
    this.#change(messages => messages.put(row, sequence))
  }

  #change(change: Change): void {
    this.#changes.push(change)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#commit()
    })
  }

  /** Transactions of one database are carried out in the order they were made. */
  #commit(): void {
    const changes = this.#changes.splice(0)
    const callbacks = this.#callbacks.splice(0)
    const tell = (fault?: unknown): void => {
      this.#fault ??= fault
      for (const callback of callbacks) callback(this.#fault)
    }
    try {
      const transaction = this.#database!.transaction([MESSAGES, INCOMING], 'readwrite', { durability: 'strict' })
      transaction.oncomplete = () => tell()
      transaction.onabort = () => tell(transaction.error ?? new Error('the transaction was aborted'))
      const [messages, incoming] = [MESSAGES, INCOMING].map(name => transaction.objectStore(name))
      for (const change of changes) change(messages!, incoming!)
    } catch (fault) {
      tell(fault)
    }
  }
}

function resultOf<Result>(request: Request<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
