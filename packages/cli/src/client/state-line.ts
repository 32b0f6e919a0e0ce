import { styleOf } from '../output.ts'

/** What a state line is written to: standard error. */
type LineStream = NodeJS.WriteStream

/** What stands above the state, and is taken away and drawn again around what is printed. */
export interface LiveBlock {
  clear(): void
  draw(): void
}

/** Moves to the beginning of the line and clears it. */
const CLEAR = '\r\u001b[2K'

/**
 * One line at the bottom of a terminal that says how things are, and that gives way to what is printed above it. Where standard
 * error is no terminal nothing is written, unless each state is asked for as a line of its own.
 */
export class StateLine {
  readonly #stream: LineStream
  readonly #isDebug: boolean
  readonly #isLive: boolean
  #text = ''
  #block: LiveBlock | undefined

  /** @param isDebug whether each state is a line that stays */
  constructor(stream: LineStream, isDebug: boolean) {
    this.#stream = stream
    this.#isDebug = isDebug
    this.#isLive = stream.isTTY === true && !isDebug
  }

  /** Shows a state in place of the one before. */
  show(text: string): void {
    if (this.#isDebug) this.above(() => this.#stream.write(`curlew: ${text}\n`))
    this.#text = text
    this.#draw()
  }

  /** Prints lines that stay, above the state. */
  note(text: string): void {
    this.above(() => this.#stream.write(`${text}\n`))
  }

  /** Runs what writes to the terminal, with the state line, and what is kept above it, out of its way. */
  above(write: () => void): void {
    this.redraw(() => {
      this.#block?.clear()
      write()
      this.#block?.draw()
    })
  }

  /** Runs what draws the block above, with the state line out of its way. */
  redraw(draw: () => void): void {
    this.clear()
    draw()
    this.#draw()
  }

  /** Keeps a block below all that is printed; `undefined` ends that. */
  keepBelow(block: LiveBlock | undefined): void {
    this.#block = block
  }

  /** Takes the line away, until something else is shown. */
  clear(): void {
    if (this.#isLive && this.#text !== '') this.#stream.write(CLEAR)
  }

  /** Takes the line away for good. */
  end(): void {
    this.clear()
    this.#text = ''
  }

  #draw(): void {
    if (!this.#isLive || this.#text === '') return
    const width = Math.max(10, (this.#stream.columns ?? 80) - 1)
    const text = this.#text.length > width ? `${this.#text.slice(0, width - 1)}…` : this.#text
    this.#stream.write(CLEAR + styleOf(this.#stream).faint(text))
  }
}
