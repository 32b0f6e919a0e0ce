import { noProperties } from '@curlew/codec'
import { Message, NEVER } from '@curlew/protocol'
import type { Runtime } from '../runtime/runtime.ts'
import { type TimerWheel, WheelTimer } from '../runtime/timer-wheel.ts'
import { type SysSources, SysValues, storeState } from './sys-values.ts'

export interface SysLimits {
  /** Milliseconds between two updates of `$SYS`, to within 100. 0: there is no `$SYS`. Default 10 000, as in Mosquitto. */
  sysIntervalMs: number
}

/** What {@link SysTopics} needs. */
export interface SysServices {
  readonly runtime: Runtime
  readonly timers: TimerWheel
  readonly limits: SysLimits
  readonly sources: SysSources
  /** Says that something happens in this turn, before a timer changes anything. */
  touch(): void
}

/**
 * What the broker says of itself in topics below `$SYS/broker/`: the names and forms of Mosquitto, which tools know, and some of
 * our own. It looks at the numbers every so often and publishes those that have changed, retained; only the state of the Store
 * is published as it changes. docs/reference/sys-topics.md says what each topic means.
 *
 * Messages have QoS 2, so that a Subscriber gets them at the QoS that it asks for: one that is congested must not be left with a value
 * that will not come again.
 */
export class SysTopics {
  readonly #services: SysServices
  readonly #values: SysValues
  readonly #timer: WheelTimer
  /** What was published last, by the name of the topic: as many as there are names. */
  readonly #published = new Map<string, string>()
  #startedMs = 0
  #updatedMs = 0
  #heapBytesMax = 0

  constructor(services: SysServices) {
    this.#services = services
    this.#values = new SysValues(services.sources)
    this.#timer = new WheelTimer(() => this.#update())
  }

  /** Publishes all topics, and from then on what changes. Nothing happens if they are off. */
  start(): void {
    const { runtime, limits, sources } = this.#services
    if (limits.sysIntervalMs === 0) return
    this.#startedMs = runtime.monotonicMs()
    this.#updatedMs = this.#startedMs
    sources.store.onHealthChange = () => this.#publishChange('store/state', storeState(sources.store.health))
    this.#publishChanges()
  }

  stop(): void {
    this.#services.timers.clear(this.#timer)
    this.#services.sources.store.onHealthChange = undefined
  }

  #update(): void {
    const now = this.#services.runtime.monotonicMs()
    this.#values.advance(now - this.#updatedMs)
    this.#updatedMs = now
    this.#publishChanges()
  }

  #publishChanges(): void {
    const { runtime, timers, limits } = this.#services
    timers.set(this.#timer, this.#updatedMs + limits.sysIntervalMs)
    const heapBytes = runtime.heapBytes()
    this.#heapBytesMax = Math.max(this.#heapBytesMax, heapBytes)
    const moment = { uptimeMs: this.#updatedMs - this.#startedMs, heapBytes, heapBytesMax: this.#heapBytesMax }
    for (const [name, value] of this.#values.at(moment)) this.#publishChange(name, value)
  }

  #publishChange(name: string, value: string): void {
    if (this.#published.get(name) === value) return
    this.#published.set(name, value)
    this.#services.touch()
    this.#services.sources.router.publishSystem(messageOf(`$SYS/broker/${name}`, value))
  }
}

function messageOf(topic: string, value: string): Message {
  const bytes = Buffer.from(value)
  return new Message({
    topic,
    bytes,
    payloadStart: 0,
    payloadEnd: bytes.length,
    qos: 2,
    retain: true,
    properties: noProperties,
    publisherId: '',
    expiresAt: NEVER,
  })
}
