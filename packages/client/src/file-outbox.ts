import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Outbox, OutboxContents, StoredMessage } from './outbox.ts'
import { decodeNumber, encodeNumber, encodeRecord, RecordKind, readLog } from './record-log.ts'
import { decodeStored, encodeStored } from './stored-message.ts'

/** A log is written anew when it has this many bytes and a quarter of them is enough for what is in it. */
const COMPACTION_BYTES_MIN = 1_048_576
const COMPACTION_FACTOR = 4

/** Where a message lies in the log. */
interface Place {
  offset: number
  readonly size: number
  isReleased: boolean
}

type Callback = (fault?: unknown) => void

/**
 * An outbox in a file, for Node: an append-only log with checksums. All changes of a turn are one write and one fsync; what came while
 * that was under way goes into the next. A write that a crash has torn is cut off when the file is opened.
 *
 * The file belongs to one Client of one process at a time. It is created if it does not exist; its folder must.
 *
 * @example
 * const client = await connect(url, { clientId: 'meter-7', outbox: fileOutbox('meter-7.outbox') })
 */
export function fileOutbox(path: string): Outbox {
  return new FileOutbox(path)
}

class FileOutbox implements Outbox {
  readonly #path: string
  readonly #places = new Map<number, Place>()
  readonly #incoming = new Set<number>()
  #file: FileHandle | undefined
  /** Bytes of the file, and of the records in it that still say something. */
  #size = 0
  #liveSize = 0
  #pending: Buffer[] = []
  #pendingSize = 0
  #callbacks: Callback[] = []
  #writing: Promise<void> | undefined
  /** What went wrong first; nothing is written after it. */
  #fault: unknown

  constructor(path: string) {
    this.#path = path
  }

  async load(): Promise<OutboxContents> {
    this.#file = await open(this.#path, 'a+', 0o600)
    const bytes = await readFile(this.#path)
    const { records, end } = readLog(bytes)
    const contents = new Map<number, Uint8Array>()
    for (const { kind, content, offset, size } of records) {
      const number = decodeNumber(content.length < 8 ? new Uint8Array(8) : content)
      if (kind === RecordKind.Message) {
        contents.set(number, content)
        this.#place(number, offset, size)
      } else this.#apply(kind, number)
    }
    if (end < bytes.length) await this.#file.truncate(end)
    this.#size = end
    const now = Date.now()
    const messages = [...this.#places]
      .sort(([one], [other]) => one - other)
      .map(([sequence, { isReleased }]) => decodeStored(contents.get(sequence)!, isReleased, now))
    return { messages, incoming: [...this.#incoming] }
  }

  append(message: StoredMessage): void {
    const record = encodeRecord(RecordKind.Message, encodeStored(message, Date.now()))
    this.#place(message.sequence, this.#size + this.#pendingSize, record.length)
    this.#push(record)
  }

  release(sequence: number): void {
    this.#record(RecordKind.Release, sequence)
  }

  remove(sequence: number): void {
    this.#record(RecordKind.Remove, sequence)
  }

  acceptIncoming(packetId: number): void {
    this.#record(RecordKind.AcceptIncoming, packetId)
  }

  releaseIncoming(packetId: number): void {
    this.#record(RecordKind.ReleaseIncoming, packetId)
  }

  clearIncoming(): void {
    if (this.#incoming.size > 0) this.#record(RecordKind.ClearIncoming, 0)
  }

  settle(callback: Callback): void {
    if (this.#fault !== undefined) return callback(this.#fault)
    this.#callbacks.push(callback)
    this.#start()
  }

  async close(): Promise<void> {
    await new Promise<void>(resolve => this.settle(() => resolve()))
    await this.#writing
    await this.#file?.close()
    this.#file = undefined
  }

  #place(sequence: number, offset: number, size: number): void {
    this.#places.set(sequence, { offset, size, isReleased: false })
    this.#liveSize += size
  }

  #record(kind: RecordKind, number: number): void {
    this.#apply(kind, number)
    this.#push(encodeNumber(kind, number))
  }

  #apply(kind: RecordKind, number: number): void {
    const place = this.#places.get(number)
    switch (kind) {
      case RecordKind.Release:
        if (place) place.isReleased = true
        return
      case RecordKind.Remove:
        this.#liveSize -= place?.size ?? 0
        this.#places.delete(number)
        return
      case RecordKind.AcceptIncoming:
        this.#incoming.add(number)
        return
      case RecordKind.ReleaseIncoming:
        this.#incoming.delete(number)
        return
      case RecordKind.ClearIncoming:
        this.#incoming.clear()
        return
      case RecordKind.Message:
        return
      default:
        kind satisfies never
    }
  }

  #push(record: Buffer): void {
    this.#pending.push(record)
    this.#pendingSize += record.length
    this.#start()
  }

  /** Writes at the end of the turn, unless a write is under way, which then goes on with what has come. */
  #start(): void {
    this.#writing ??= new Promise<void>(resolve => setImmediate(resolve))
      .then(() => this.#write())
      .catch(fault => this.#fail(fault))
      .finally(() => {
        this.#writing = undefined
        if (this.#callbacks.length > 0 && this.#fault === undefined) this.#start()
      })
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0 || this.#callbacks.length > 0) {
      const bytes = Buffer.concat(this.#pending)
      const callbacks = this.#callbacks
      this.#pending = []
      this.#pendingSize = 0
      this.#callbacks = []
      this.#size += bytes.length
      try {
        await this.#store(bytes, callbacks.length > 0)
      } catch (fault) {
        this.#callbacks = [...callbacks, ...this.#callbacks]
        throw fault
      }
      for (const callback of callbacks) callback()
      if (this.#size > COMPACTION_BYTES_MIN && this.#size > this.#liveSize * COMPACTION_FACTOR) await this.#compact()
    }
  }

  /** A removal alone need not be durable: a message that comes back is one that the Server may get twice, or takes for a duplicate. */
  async #store(bytes: Buffer, isAwaited: boolean): Promise<void> {
    const file = this.#file
    if (!file) throw new Error('the outbox is not open')
    if (bytes.length > 0) await file.appendFile(bytes)
    if (isAwaited) await file.datasync()
  }

  /** Nothing is retried: after a failed write or fsync nobody knows what the file holds. */
  #fail(fault: unknown): void {
    this.#fault = fault
    this.#pending = []
    for (const callback of this.#callbacks.splice(0)) callback(fault)
  }

  /** Writes what is alive into another file and puts that in the place of this one: a crash leaves one or the other, whole. */
  async #compact(): Promise<void> {
    const old = this.#file!
    const path = `${this.#path}.new`
    const file = await open(path, 'w+', 0o600)
    const parts: Buffer[] = []
    let size = 0
    const add = (part: Buffer): void => {
      parts.push(part)
      size += part.length
    }
    for (const [sequence, place] of this.#places) {
      if (place.offset >= this.#size) continue // it waits to be written, behind all this
      const record = Buffer.allocUnsafe(place.size)
      await old.read(record, 0, place.size, place.offset)
      place.offset = size
      add(record)
      if (place.isReleased) add(encodeNumber(RecordKind.Release, sequence))
    }
    for (const packetId of this.#incoming) add(encodeNumber(RecordKind.AcceptIncoming, packetId))
    await file.writeFile(Buffer.concat(parts))
    await file.datasync()
    await rename(path, this.#path)
    await syncFolder(dirname(this.#path))
    await old.close()
    await file.close()
    this.#file = await open(this.#path, 'a+', 0o600)
    // Records that wait are written behind the new end.
    const moved = this.#size - size
    for (const place of this.#places.values()) if (place.offset >= this.#size) place.offset -= moved
    this.#size = size
  }
}

/** Makes a rename durable, where folders can be opened at all. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
