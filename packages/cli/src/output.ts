import type { WriteStream } from 'node:tty'

/** How words are set off. Without colours the text is the same. */
export interface Style {
  strong(text: string): string
  faint(text: string): string
  warning(text: string): string
}

const plain: Style = { strong: text => text, faint: text => text, warning: text => text }

const colourful: Style = {
  strong: text => `\u001b[1m${text}\u001b[22m`,
  faint: text => `\u001b[2m${text}\u001b[22m`,
  warning: text => `\u001b[33m${text}\u001b[39m`,
}

/** Colours only on a terminal that has them, and not where NO_COLOR asks for none. */
export function isColourful(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (stream as WriteStream).hasColors()
}

export function styleOf(stream: NodeJS.WriteStream): Style {
  return isColourful(stream) ? colourful : plain
}

/** Rows of a name and a value, the values one below the other. A row may have no name when it goes on with the one before. */
export function table(rows: readonly (readonly [name: string, value: string])[], style: Style): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${style.faint(name.padEnd(width))}  ${value}\n`).join('')
}
