import { expect, test } from 'vitest'
import { statements } from '../conformance/statements.ts'
import { unknownCitations } from './citations.ts'
import { readTree } from './source-tree.ts'

const known = new Set(statements.map(({ id }) => id))

test('every normative statement that is cited exists', () => {
  const sources = readTree(/^(packages|tests|docs|bench)\/.*\.(ts|js|py|md)$|^[^/]+\.md$/)

  expect(unknownCitations(sources, known)).toEqual([])
})

test('the table holds each statement of both versions once', () => {
  const count = (version: string): number => statements.filter(statement => statement.version === version).length

  expect(known.size).toBe(statements.length)
  expect(count('5.0')).toBe(251)
  expect(count('3.1.1')).toBe(141)
})

test('an id names its version', () => {
  const strays = statements.filter(({ id, version }) => id.startsWith('MQTT3-') !== (version === '3.1.1'))

  expect(strays).toEqual([])
})

/** Written in two halves, because this file is checked as well. */
const id = (version: string, number: string): string => `MQTT${version}-${number}`

const citations: [text: string, unknown: string | undefined][] = [
  [`[${id('', '3.1.2-22')}]`, undefined],
  [`[${id('3', '3.1.2-24')}]`, undefined],
  [`[${id('', '4.2-1')}]`, undefined],
  ['[MQTT-x.y.z-n], [MQTT-…] and MQTT-SN', undefined],
  [`[${id('', '3.1.2-99')}]`, id('', '3.1.2-99')],
  [`[${id('3', '3.1.2-30')}], which only 5.0 has`, id('3', '3.1.2-30')],
  [`[${id('5', '3.1.2-22')}]`, id('5', '3.1.2-22')],
  [`[${id('', '3.1.2-22')}a]`, `${id('', '3.1.2-22')}a`],
  [`[${id('', '3.1.2-22')}, 23]`, `${id('', '3.1.2-22')}, 23`],
  [`[${id('', '3.1.2')}]`, id('', '3.1.2')],
  [`without brackets ${id('', '9.9.9-9')}`, id('', '9.9.9-9')],
]
for (const [text, unknown] of citations) {
  test(`${text} is ${unknown === undefined ? 'allowed' : 'found'}`, () => {
    const path = 'packages/codec/src/reader.ts'

    const found = unknownCitations([{ path, text: `// 1\n// ${text}` }], known)

    expect(found).toEqual(unknown === undefined ? [] : [`${path}:2 cites ${unknown}, which is no normative statement`])
  })
}
