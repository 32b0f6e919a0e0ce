import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addClientCommands } from '../src/client-commands.ts'

const path = fileURLToPath(new URL('../../../docs/reference/pub-sub-request.md', import.meta.url))
const sections = readFileSync(path, 'utf8').split(/^## /m)

/** The long names in the table of a section. */
function documented(heading: string): string[] {
  const section = sections.find(text => text.startsWith(`${heading}\n`))!
  return section.split('\n').flatMap(line => /^\| (?:`-\w`, )?`(--[\w-]+)/.exec(line)?.[1] ?? [])
}

const shared = documented('Flags of all three')
const curlew = new Command()
addClientCommands(curlew)

const tables: [name: string, headings: string[], borrowed: string[]][] = [
  ['pub', ['Flags of pub'], []],
  ['sub', ['Flags of sub'], []],
  [
    'request',
    ['Flags of request'],
    [
      '--topic --message --file --stdin-line --stdin-file --null-message',
      '--output-format --verbose --no-newline --pretty --output-mode --skip-retained --retain-as-published --timeout',
    ],
  ],
]
for (const [name, headings, borrowed] of tables) {
  test(`the reference has every flag of ${name}, and no other`, () => {
    const declared = curlew.commands.find(command => command.name() === name)!.options.filter(({ hidden }) => !hidden)
    const written = [...shared, ...headings.flatMap(documented), ...borrowed.flatMap(line => line.split(' '))]

    expect(declared.map(({ long }) => long).sort()).toEqual(written.sort())
  })
}
