import { isWellFormedUtf8 } from '@curlew/codec'
import { binaryText, columns, fitted, inOneLine } from './terminal-text.ts'

/** Topics that have a row at most: a table that nobody can read needs no more memory. Messages on others are counted. */
export const TOPICS_MAX = 10_000

/** Bytes that are kept of each value: more fit on no terminal. */
const VALUE_BYTES_MAX = 1_024

/** Milliseconds over which a rate is averaged: messages that are older count e times less. */
const RATE_MS = 10_000

/** A rate of less time than this would only be chance, in milliseconds. */
const RATE_MS_MIN = 1_000

/** A rate below this would read 0.0. */
const RATE_MIN = 0.05

/** Columns of `RATE` and `AGE`, and between any two. */
const RATE_WIDTH = 7
const AGE_WIDTH = 4
const GAP = '  '

/** A terminal that is narrower is written to as if it had this width. */
const WIDTH_MIN = 40

interface Row {
  readonly topic: string
  readonly firstMs: number
  lastMs: number
  /** The beginning of the latest value. */
  value: Buffer
  /** Bytes of the whole of it. */
  size: number
  /** Messages after the first one, those of long ago hardly: see {@link RATE_MS}. */
  weight: number
}

/** The latest value of each topic, how often it changes and how old it is. */
export class TopicTable {
  /** The latest topics are the last ones. */
  readonly #rows = new Map<string, Row>()
  #leftOut = 0

  get isEmpty(): boolean {
    return this.#rows.size === 0
  }

  /** Takes a message. @param value what is shown of it, which is copied */
  update(topic: string, value: Buffer, nowMs: number): void {
    const kept = Buffer.from(value.subarray(0, VALUE_BYTES_MAX))
    const row = this.#rows.get(topic)
    if (!row) return this.#add({ topic, firstMs: nowMs, lastMs: nowMs, value: kept, size: value.length, weight: 0 })
    row.weight = weightAt(row, nowMs) + 1
    row.lastMs = nowMs
    row.value = kept
    row.size = value.length
    this.#rows.delete(topic)
    this.#rows.set(topic, row)
  }

  #add(row: Row): void {
    if (this.#rows.size < TOPICS_MAX) this.#rows.set(row.topic, row)
    else this.#leftOut++
  }

  /**
   * The table for a terminal. Topics stand in the order of the alphabet; when there are more than lines, the latest are shown.
   *
   * @returns at most `height` lines of at most `width` columns each
   */
  lines(nowMs: number, width: number, height: number): string[] {
    const shownMax = Math.max(1, height - 2) // a heading, and a line for what is not shown
    const latest = [...this.#rows.values()].slice(-shownMax).sort((a, b) => (a.topic < b.topic ? -1 : 1))
    const room = Math.max(WIDTH_MIN, width) - RATE_WIDTH - AGE_WIDTH - 3 * GAP.length
    const names = latest.map(({ topic }) => inOneLine(topic))
    const topicWidth = Math.min(Math.floor(room / 2), Math.max('TOPIC'.length, ...names.map(columns)))
    const line = (topic: string, value: string, rate: string, age: string): string =>
      [
        fitted(topic, topicWidth),
        fitted(value, room - topicWidth),
        rate.padStart(RATE_WIDTH),
        age.padStart(AGE_WIDTH),
      ].join(GAP)
    const rows = latest.map((row, index) =>
      line(names[index]!, valueText(row, room - topicWidth), rateText(row, nowMs), ageText(nowMs - row.lastMs)),
    )
    return [line('TOPIC', 'VALUE', 'RATE/S', 'AGE'), ...rows, ...this.#rest(latest.length)]
  }

  #rest(shown: number): string[] {
    const more = this.#rows.size - shown
    const parts = [
      ...(more > 0 ? [`${more} more topics`] : []),
      ...(this.#leftOut > 0 ? [`${this.#leftOut} messages on topics beyond the first ${TOPICS_MAX}`] : []),
    ]
    return parts.length === 0 ? [] : [`and ${parts.join(', and ')}`]
  }
}

function weightAt({ weight, lastMs }: Row, nowMs: number): number {
  return weight * Math.exp((lastMs - nowMs) / RATE_MS)
}

/** What has come, by what would have come at one message a second since the first one. */
function rateText(row: Row, nowMs: number): string {
  const sinceMs = nowMs - row.firstMs
  if (row.weight === 0 || sinceMs < RATE_MS_MIN) return ''
  const rate = weightAt(row, nowMs) / ((RATE_MS / 1000) * (1 - Math.exp(-sinceMs / RATE_MS)))
  if (rate < RATE_MIN) return ''
  return rate < 10 ? rate.toFixed(1) : rate.toFixed(0)
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 100) return `${seconds}s`
  if (seconds < 6_000) return `${Math.floor(seconds / 60)}m`
  return seconds < 360_000 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}

function valueText({ value, size }: Row, width: number): string {
  if (size === 0) return '(empty)'
  const isText = !value.includes(0) && isWellFormedUtf8(wholeCharacters(value, size))
  return isText ? inOneLine(value.toString().replace(/\r?\n$/, '')) : binaryText(value, size, width)
}

/** Without a character that {@link VALUE_BYTES_MAX} has cut in two. */
function wholeCharacters(value: Buffer, size: number): Buffer {
  if (size === value.length) return value
  let end = value.length
  while (end > value.length - 4 && (value[end - 1]! & 0xc0) === 0x80) end--
  return value.subarray(0, Math.max(0, end - 1))
}
