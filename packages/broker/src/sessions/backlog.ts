import type { Message } from '@curlew/protocol'
import type { QueuedRecord } from '../store/queued-record.ts'
import { messageBytes, type Backlog as StoredBacklog } from '../store/store.ts'
import { MessageQueue } from './message-queue.ts'
import type { StoreAnswers } from './store-answers.ts'
import type { WaitingTotals } from './waiting-totals.ts'

export interface QueueLimits {
  /** Messages that wait for one Session at most. Default 10 000: hours of a device, minutes of a back end. */
  queuedMessagesMax: number
  /** Bytes of payloads, properties and topics that wait for one Session at most. Default 16 MiB. */
  queuedBytesMax: number
}

/** Messages of a stored Session that wait in memory at most; the others wait in the Store and are read in time. */
const WINDOW_COUNT_MAX = 1024
/** Bytes of them. */
const WINDOW_BYTES_MAX = 1024 * 1024

const none: readonly Message[] = []

/** What became of a message that was to be given away: `own` ones cannot be. */
export type Gift = 'taken' | 'refused' | 'own'

/** What a {@link Backlog} needs of its Session. */
export interface BacklogOwner {
  /** Under what the Store knows the Session. */
  readonly storeId: string
  /** Whether the Store has every message of the Session. */
  readonly isStored: boolean
  readonly isConnected: boolean
  /** Messages have come from the Store that were not there when they were asked for: sending can go on. */
  onFilled(): void
  /** The oldest message had to go for a newer one. */
  onDropped(record: QueuedRecord): void
  /** The Store could not give messages that it had been told of. */
  onLost(count: number): void
}

/**
 * The messages of a Session that have not been sent, oldest first. When one more does not fit, the oldest go: what a device
 * missed longest ago is worth least to it.
 *
 *     sent ◀── window (in memory) ◀── cold (in the Store only, from `#coldFrom` on) ◀── new ones
 *
 * New messages of a connected Client wait in the window until it is full, or until something waits behind it; those of a Client
 * that is away are cold at once. The order of messages is the order of their sequence throughout.
 */
export class Backlog {
  readonly #owner: BacklogOwner
  readonly #store: StoreAnswers
  readonly #limits: QueueLimits
  readonly #totals: WaitingTotals
  readonly #window = new MessageQueue()
  #coldCount = 0
  #coldBytes = 0
  #coldFrom = 0
  /** What has been promised in this decision: a place, or to one message that it is sent. */
  #claimedCount = 0
  #claimedBytes = 0
  #isSendable = false
  #decision = 0
  #isReading = false
  /** Changes when what is being read is not wanted any more. */
  #reading = 0

  /** @param totals of all Sessions; what waits here is in them until it leaves or {@link giveAway} ends */
  constructor(owner: BacklogOwner, store: StoreAnswers, limits: QueueLimits, totals: WaitingTotals) {
    this.#owner = owner
    this.#store = store
    this.#limits = limits
    this.#totals = totals
  }

  get count(): number {
    return this.#window.count + this.#coldCount
  }

  get bytes(): number {
    return this.#window.bytes + this.#coldBytes
  }

  /** Whether more than a part of what the limits allow is waiting. */
  isOver(part: number): boolean {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    return this.count > queuedMessagesMax * part || this.bytes > queuedBytesMax * part
  }

  /** Whether a message can wait without another having to go. */
  hasRoomFor(message: Message): boolean {
    return this.#hasRoomFor(1, messageBytes(message))
  }

  #hasRoomFor(count: number, bytes: number): boolean {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    return this.count + count <= queuedMessagesMax && this.bytes + bytes <= queuedBytesMax
  }

  /**
   * Promises a message a place. Within one decision each promise counts for the next, as one message can come to a Session by several
   * ways; what is promised need not be given back, since it is not counted in another decision.
   *
   * @param decision see {@link Subscriber.claimRoom}
   * @param isSendable whether a message that comes now is sent and needs no place
   * @param before messages that must go before it, and need a place as well
   */
  claim(message: Message, decision: number, isSendable: boolean, before: readonly Message[] = none): boolean {
    if (decision === 0 || decision !== this.#decision) {
      this.#claimedCount = 0
      this.#claimedBytes = 0
      this.#isSendable = isSendable && this.count === 0
    }
    this.#decision = decision
    return before.every(earlier => this.#claimPlace(earlier)) && this.#claimPlace(message)
  }

  #claimPlace(message: Message): boolean {
    if (this.#isSendable) {
      this.#isSendable = false
      return true
    }
    const bytes = messageBytes(message)
    if (!this.#hasRoomFor(this.#claimedCount + 1, this.#claimedBytes + bytes)) return false
    this.#claimedCount++
    this.#claimedBytes += bytes
    return true
  }

  /** The oldest message, which stays; `undefined` when there is none, or when it has yet to be read: {@link BacklogOwner.onFilled}. */
  peek(): QueuedRecord | undefined {
    if (this.#window.count === 0) this.#fill()
    return this.#window.peek()
  }

  /** Takes out what {@link peek} gave. */
  shift(): QueuedRecord | undefined {
    const record = this.#window.shift()
    if (record !== undefined) this.#leave(record)
    if (this.#coldCount > 0 && this.#owner.isConnected && this.#window.count < WINDOW_COUNT_MAX / 2) this.#fill()
    return record
  }

  /** Appends a message that the Store has been told of, if it is told at all. */
  push(record: QueuedRecord): void {
    const size = messageBytes(record.message)
    if (size > this.#limits.queuedBytesMax) return this.#owner.onDropped(record)
    this.#trim(1, size)
    this.#totals.count++
    this.#totals.bytes += size
    const { isStored, isConnected } = this.#owner
    const isWindowFull = this.#window.count >= WINDOW_COUNT_MAX || this.#window.bytes >= WINDOW_BYTES_MAX
    if (!isStored || (isConnected && this.#coldCount === 0 && !isWindowFull)) return this.#window.push(record)
    if (this.#coldCount === 0) this.#coldFrom = record.sequence
    this.#coldCount++
    this.#coldBytes += size
  }

  /** What waits in memory, oldest first. */
  windowRecords(): readonly QueuedRecord[] {
    return this.#window.records()
  }

  /** Gives up what is being read, or given away: the Client has come or gone. */
  stopReading(): void {
    this.#reading++
    this.#isReading = false
  }

  /** Leaves what waits to the Store: the Client is away. */
  cool(): void {
    const first = this.#window.peek()
    if (!this.#owner.isStored || first === undefined) return
    this.#coldFrom = first.sequence
    this.#coldCount += this.#window.count
    this.#coldBytes += this.#window.bytes
    this.#window.clear()
  }

  /** Takes over what an earlier run of the broker had stored. */
  restore({ count, bytes }: StoredBacklog): void {
    this.#coldCount = count
    this.#coldBytes = bytes
    this.#coldFrom = 0
    this.#totals.count += count
    this.#totals.bytes += bytes
  }

  /**
   * Whether the oldest messages are in memory: so many of them, and all up to a sequence. If not, they are read, see
   * {@link BacklogOwner.onFilled}.
   */
  hasLoaded(count: number, sequence: number): boolean {
    const isLoaded = (): boolean => this.#coldCount === 0 || (this.#window.count >= count && this.#coldFrom > sequence)
    if (!isLoaded()) this.#fill()
    return isLoaded()
  }

  /** Takes out messages that are in memory. */
  takeOut(isWanted: (record: QueuedRecord) => boolean): void {
    for (const record of this.#window.extract(isWanted)) this.#leave(record)
  }

  /**
   * Gives messages away: those in memory now, the cold ones as they are read; unless the Session ends, until nobody takes any of a page.
   *
   * @param give gives one away, if it can be
   * @param onDone given when the Session ends: called when all that can be given away has been, perhaps before the call returns;
   *   what is left has been forgotten
   */
  giveAway(give: (record: QueuedRecord) => Gift, onDone?: () => void): void {
    this.takeOut(record => give(record) === 'taken')
    const end = (): void => {
      if (onDone === undefined) return
      this.#clear()
      onDone()
    }
    if (onDone !== undefined) this.stopReading() // what another member was to be given is given to any now
    if (this.#coldCount > 0 && !this.#isReading) this.#giveColdAway(this.#coldFrom, give, end, onDone !== undefined)
    else end()
  }

  /** Lets the oldest go until so much more fits. */
  #trim(count: number, bytes: number): void {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    while (this.count + count > queuedMessagesMax || this.bytes + bytes > queuedBytesMax) {
      if (this.#window.count === 0) {
        this.#fill() // which trims what it has read
        if (this.#window.count === 0) return // it is being read, and goes when it has come
        continue
      }
      const oldest = this.#window.shift()!
      this.#leave(oldest)
      this.#owner.onDropped(oldest)
    }
  }

  #fill(): void {
    if (this.#isReading || this.#coldCount === 0) return
    let isLater = false
    this.#read(this.#coldFrom, records => {
      if (records.length === 0) return this.#lose()
      for (const record of records) {
        this.#uncount(record)
        this.#window.push(record)
      }
      this.#coldFrom = records.at(-1)!.sequence + 1
      this.#trim(0, 0)
      if (isLater) this.#owner.onFilled()
    })
    isLater = true
  }

  #giveColdAway(from: number, give: (record: QueuedRecord) => Gift, onDone: () => void, isEnd: boolean): void {
    this.#read(from, records => {
      const gifts = records.map(record => {
        const gift = give(record)
        if (gift !== 'taken') return gift
        this.#uncount(record)
        this.#leave(record)
        return gift
      })
      const isInVain = !isEnd && gifts.includes('refused') && !gifts.includes('taken')
      if (records.length === 0 || isInVain) onDone()
      else this.#giveColdAway(records.at(-1)!.sequence + 1, give, onDone, isEnd)
    })
  }

  #read(from: number, onRead: (records: readonly QueuedRecord[]) => void): void {
    this.#isReading = true
    const reading = ++this.#reading
    this.#store.readQueue(this.#owner.storeId, from, records => {
      if (reading !== this.#reading) return
      this.#isReading = false
      onRead(records)
    })
  }

  #uncount({ message }: QueuedRecord): void {
    this.#coldCount--
    this.#coldBytes -= messageBytes(message)
  }

  /** A message does not wait any more. */
  #leave({ message }: QueuedRecord): void {
    this.#totals.count--
    this.#totals.bytes -= messageBytes(message)
  }

  /** There is less in the Store than there should be: it was damaged, and has said so. */
  #lose(): void {
    const count = this.#coldCount
    this.#clearCold()
    this.#owner.onLost(count)
  }

  #clear(): void {
    this.stopReading()
    this.#clearCold()
    this.takeOut(() => true)
  }

  #clearCold(): void {
    this.#totals.count -= this.#coldCount
    this.#totals.bytes -= this.#coldBytes
    this.#coldCount = 0
    this.#coldBytes = 0
  }
}
