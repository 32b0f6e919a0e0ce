import type { EventQueue } from './event-queue.ts'

/**
 * Everything that happens in a simulation that anybody outside a part could see, folded into one number: two runs of
 * one seed that differ anywhere differ in it. With `print` each line is shown as well.
 */
export class Trace {
  #low = 0x811c9dc5
  #high = 0x01000193
  readonly #queue: EventQueue
  readonly #print: ((line: string) => void) | undefined

  constructor(queue: EventQueue, print?: (line: string) => void) {
    this.#queue = queue
    this.#print = print
  }

  /** @param details in an order that is always the same */
  note(what: string, ...details: readonly (string | number | boolean | undefined)[]): void {
    const { nowMs } = this.#queue
    this.#addNumber(nowMs * 16)
    this.#addText(what)
    for (const detail of details) this.#addText(String(detail))
    this.show(what, ...details)
  }

  /** Something that follows from what was noted: for people only. */
  show(what: string, ...details: readonly (string | number | boolean | undefined)[]): void {
    const { nowMs } = this.#queue
    this.#print?.(`${nowMs.toFixed(2).padStart(10)}  ${what} ${details.join(' ')}`)
  }

  /** Bytes that passed a point; they are part of the hash and are not shown. */
  bytes(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.#low = Math.imul(this.#low ^ bytes[index]!, 0x01000193)
    this.#stir()
  }

  get isPrinted(): boolean {
    return this.#print !== undefined
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0')
    return hex(this.#high) + hex(this.#low)
  }

  #addNumber(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193)
    this.#stir()
  }

  #addText(text: string): void {
    for (let index = 0; index < text.length; index++)
      this.#low = Math.imul(this.#low ^ text.charCodeAt(index), 0x01000193)
    this.#stir()
  }

  #stir(): void {
    this.#high = Math.imul((this.#high ^ this.#low) + 0x9e3779b9, 0x85ebca6b)
    this.#high ^= this.#high >>> 15
  }
}
