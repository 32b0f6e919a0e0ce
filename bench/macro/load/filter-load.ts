import { setTimeout as delay } from 'node:timers/promises'
import { closeAll, openInGroups } from './connections.ts'
import { FilterHolder, matchingTopicAt, missingTopicAt, TopicsPublisher } from './filter-connections.ts'
import type { Target } from './load.ts'
import { LoadState } from './load-state.ts'
import { type Round, roundBetween, snapshot } from './round.ts'

const HOLDER_COUNT = 100
const PUBLISHER_COUNT = 20
/** Topics of each publisher: all together more than a cache of topics should hold. */
const TOPICS_PER_PUBLISHER = 1_000
const RAMP_MS = 300
/** A load that has made no progress for so long has lost something. */
const STALLED_MS = 10_000
/** How often progress is looked at, in milliseconds. */
const PROBE_MS = 5

/** Many Subscriptions with wildcards, and messages that match one of them or none. */
export class FilterLoad {
  readonly #onFailure: (error: Error) => void
  #state: LoadState
  #holders: FilterHolder[] = []
  #filterCount = 0

  /** @param onFailure told when the load can not go on, once or more */
  constructor(onFailure: (error: Error) => void) {
    this.#onFailure = onFailure
    this.#state = new LoadState(true, onFailure)
  }

  /** Adds Subscriptions until there are `count`; what is counted is what the broker acknowledges. */
  async subscribe({ port, brokerPid }: Target, count: number): Promise<Round> {
    if (this.#holders.length === 0) {
      this.#holders = await openInGroups(HOLDER_COUNT, true, index => new FilterHolder(index, port, this.#state))
    }
    const first = this.#filterCount
    const start = snapshot(this.#state.acknowledgementCount, brokerPid)
    await Promise.all(
      this.#holders.map((holder, index) => {
        const own = Array.from({ length: (count - first) / HOLDER_COUNT }, (_, at) => first + at * HOLDER_COUNT + index)
        return holder.subscribe(own)
      }),
    )
    this.#filterCount = count
    return roundBetween(start, snapshot(this.#state.acknowledgementCount, brokerPid), this.#state)
  }

  /** Publishes at full speed; what is counted is what is acknowledged. @throws when a message does not come to whom it matches */
  async publish({ port, brokerPid }: Target, isMatching: boolean, measuredMs: number): Promise<Round> {
    const state = this.#state
    const publishing = new LoadState(true, this.#onFailure)
    const topicAt = isMatching ? matchingTopicAt : missingTopicAt
    const publishers = await openInGroups(PUBLISHER_COUNT, true, index => {
      return new TopicsPublisher(index, this.#topicsOf(index, topicAt), port, publishing)
    })
    const deliveredBefore = state.deliveryCount
    publishing.isSending = true
    for (const publisher of publishers) publisher.send()
    await delay(RAMP_MS)
    const start = snapshot(publishing.acknowledgementCount, brokerPid)
    await delay(measuredMs)
    const end = snapshot(publishing.acknowledgementCount, brokerPid)
    publishing.isSending = false
    await until(() => publishers.every(({ isIdle }) => isIdle), 'acknowledgements')
    const expected = isMatching ? publishing.acknowledgementCount : 0
    await until(() => state.deliveryCount - deliveredBefore >= expected, 'messages')
    const delivered = state.deliveryCount - deliveredBefore
    if (delivered !== expected) throw new Error(`${delivered} messages came, and ${expected} were sent`)
    await closeAll(publishers)
    return roundBetween(start, end, publishing)
  }

  /** Topics all over the range of filters, the same for whoever asks. */
  #topicsOf(publisherIndex: number, topicAt: (index: number) => string): string[] {
    const stride = 7_919 // a prime, so that neighbours in time are no neighbours in the tree
    return Array.from({ length: TOPICS_PER_PUBLISHER }, (_, at) => {
      return topicAt(((publisherIndex * TOPICS_PER_PUBLISHER + at) * stride) % this.#filterCount)
    })
  }
}

async function until(isOver: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + STALLED_MS
  while (!isOver()) {
    if (performance.now() > endMs) throw new Error(`${what} did not come within ${STALLED_MS} ms`)
    await delay(PROBE_MS)
  }
}
