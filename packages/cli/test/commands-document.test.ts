import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { StateReader } from '@curlew/broker'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addDataFlags } from '../src/data-flags.ts'
import { addExportFlags } from '../src/export-flags.ts'

const reference = readFileSync(fileURLToPath(new URL('../../../docs/reference/commands.md', import.meta.url)), 'utf8')

/** The text below a heading, up to the next one of its kind. */
function sectionOf(heading: string): string {
  return reference.split(/^## /m).find(text => text.startsWith(`${heading}\n`))!
}

const flagsOf = (text: string): string[] => [...text.matchAll(/^\| `(--[\w-]+)/gm)].map(match => match[1]!)

const commands: [name: string, command: Command][] = [
  ['export', addExportFlags(new Command())],
  ['import', addDataFlags(new Command()).option('--replace')],
  ['store check', addDataFlags(new Command()).option('--json').option('--repair')],
]
for (const [name, command] of commands) {
  test(`the reference has every flag of ${name}, and no other`, () => {
    expect(flagsOf(sectionOf(name))).toEqual(command.options.map(({ long }) => long))
  })
}

test('the lines that the reference shows can be imported', () => {
  const [, block] = /^```json\n([\s\S]*?)^```/m.exec(reference)!
  const reader = new StateReader({ monotonicMs: 0, wallClockMs: 0 })

  for (const line of block!.trimEnd().split('\n')) reader.read(line)
  reader.finish()

  expect(reader.counts).toEqual({ sessions: 1, subscriptions: 1, queued: 1, incoming: 1, retained: 1 })
})
