import { styleOf } from '../output.ts'
import type { StateLine } from './state-line.ts'
import { TopicTable } from './topic-table.ts'

/** Milliseconds between two looks at what has changed: more often nobody can read it. */
const DRAW_MS = 250

/** Moves to the first column, up so many lines. */
const up = (count: number): string => (count === 0 ? '' : `\u001b[${count}F`)
/** Clears what is right of the cursor, and all that is below it. */
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
const CLEAR_ALL = '\u001b[2J\u001b[H'

/** A {@link TopicTable} at the bottom of a terminal, above the state line, drawn in place as it changes. */
export class WatchScreen {
  readonly #stream: NodeJS.WriteStream
  readonly #state: StateLine
  readonly #table = new TopicTable()
  readonly #timer: NodeJS.Timeout
  readonly #resized = (): void => this.#redrawAll()
  /** What stands on the terminal. */
  #shown: readonly string[] = []

  constructor(stream: NodeJS.WriteStream, state: StateLine) {
    this.#stream = stream
    this.#state = state
    state.keepBelow(this)
    stream.on('resize', this.#resized)
    this.#timer = setInterval(() => this.#refresh(), DRAW_MS)
  }

  /** Takes a message. @param value what is shown of it */
  update(topic: string, value: Buffer): void {
    this.#table.update(topic, value, performance.now())
  }

  /** Takes the table away, for what shall stand above it. */
  clear(): void {
    if (this.#shown.length > 0) this.#stream.write(up(this.#shown.length) + CLEAR_BELOW)
    this.#shown = []
  }

  /** Draws the table over what stands there of it. */
  draw(): void {
    const lines = this.#lines()
    if (lines.length === 0) return
    const style = styleOf(this.#stream)
    const text = lines.map((line, index) => (index === 0 ? style.faint(line) : line) + CLEAR_LINE)
    this.#stream.write(`${up(this.#shown.length)}${text.join('\n')}\n${CLEAR_BELOW}`)
    this.#shown = lines
  }

  /** Draws it once more, and leaves it there. */
  end(): void {
    clearInterval(this.#timer)
    this.#stream.off('resize', this.#resized)
    this.#state.redraw(() => this.draw())
    this.#state.keepBelow(undefined)
  }

  #refresh(): void {
    const lines = this.#lines()
    const isShown = lines.length === this.#shown.length && lines.every((line, index) => line === this.#shown[index])
    if (!isShown) this.#state.redraw(() => this.draw())
  }

  #lines(): string[] {
    const { columns = 80, rows = 24 } = this.#stream
    if (this.#table.isEmpty) return []
    return this.#table.lines(performance.now(), columns - 1, rows - 2) // one line is the state's
  }

  /** Lines that were broken by a narrower window cannot be counted. */
  #redrawAll(): void {
    this.#shown = []
    this.#state.redraw(() => {
      this.#stream.write(CLEAR_ALL)
      this.draw()
    })
  }
}
