import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readTree } from '../tidy/source-tree.ts'
import { reasons } from './reasons.ts'
import { statements } from './statements.ts'
import { claimsIn } from './support/claims.ts'
import { coverageFaults, coverageOf } from './support/coverage.ts'
import { conformanceDocument } from './support/document.ts'

const documentPath = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))

const sources = readTree(/^(tests\/conformance|packages\/[^/]+\/test)\/.*\.ts$/).filter(
  // This file is full of claims that nobody makes.
  ({ path, text }) => text.includes('[MQTT') && path !== 'tests/conformance/coverage.test.ts',
)
const coverage = coverageOf(statements, claimsIn(sources), reasons)

test('every normative statement is shown by a test, or has a reason why none can', () => {
  expect(coverageFaults(coverage, reasons)).toEqual([])
})

test('docs/conformance.md says what the tests say', () => {
  const text = conformanceDocument(coverage)
  if (process.env['UPDATE_CONFORMANCE'] === '1') writeFileSync(documentPath, text)

  const isCurrent = readFileSync(documentPath, 'utf8') === text

  expect(isCurrent, 'run this file again with UPDATE_CONFORMANCE=1').toBe(true)
})

const names: [source: string, claimed: string[]][] = [
  ["test('[MQTT-1.5.4-1] one', f)", ['MQTT-1.5.4-1: one']],
  ["test('[MQTT-1.5.4-1] [MQTT3-1.5.3-1] two', f)", ['MQTT-1.5.4-1 MQTT3-1.5.3-1: two']],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a source that has one
  ['test(`[MQTT-1.5.4-1] in ${name}`, f)', ['MQTT-1.5.4-1: in …']],
  ["const rows = [['[MQTT-1.5.4-1] of a table', 5]]", ['MQTT-1.5.4-1: of a table']],
  ["const rows = [['[MQTT-1.5.4-1]', 'of a table', 5]]", ['MQTT-1.5.4-1: of a table']],
  ["const rows = [['of a table', '[MQTT-1.5.4-1]', 'statement']]", []],
  ["const rules = { 5: ['[MQTT-1.5.4-1]', '[MQTT-1.5.4-2]'] }", []],
  ["test.each(rows)('[MQTT-1.5.4-1] %s in $name', f)", ['MQTT-1.5.4-1: … in …']],
  ["expect(error.statement).toBe('[MQTT-1.5.4-1]')", []],
  ["test('what [MQTT-1.5.4-1] says', f)", []],
  ['// [MQTT-1.5.4-1] in a comment', []],
  ["test.fails('[MQTT-1.5.4-1] a bug', f)", []],
  ["test.skip('[MQTT-1.5.4-1] one', f)", []],
]
for (const [source, claimed] of names) {
  test(`${source} ${claimed.length === 0 ? 'claims nothing' : 'is a claim'}`, () => {
    const claims = claimsIn([{ path: 'a.test.ts', text: source }])

    expect(claims.map(({ ids, title }) => `${ids.join(' ')}: ${title}`)).toEqual(claimed)
  })
}

const statement = { id: 'MQTT-1.5.4-1', version: '5.0', who: 'both', summary: 'Strings are UTF-8' } as const
const claim = { ids: ['MQTT-1.5.4-1'], path: 'tests/a.test.ts', title: 'one | \0' }

test('a statement without test or reason is a fault', () => {
  const bare = coverageOf([statement], [], {})

  expect(coverageFaults(bare, {})).toEqual(['MQTT-1.5.4-1 has neither a test nor a reason: Strings are UTF-8'])
  expect(conformanceDocument(bare)).toContain('| MQTT-1.5.4-1 | both | Strings are UTF-8 | **open** |')
})

test('a reason for what a test shows is a fault', () => {
  const given = { 'MQTT-1.5.4-1': 'nobody can see it' }

  const faults = coverageFaults(coverageOf([statement], [claim], given), given)

  expect(faults).toEqual(['MQTT-1.5.4-1 has a reason, and a test in tests/a.test.ts too'])
})

test('a reason for what is no statement is a fault', () => {
  const given = { 'MQTT-1.5.4-1': 'nobody can see it', 'of nothing': 'no' }

  const faults = coverageFaults(coverageOf([statement], [], given), given)

  expect(faults).toEqual(['of nothing has a reason and is no normative statement'])
})

test('the document lists the tests of each statement by file, those of the conformance suite first', () => {
  const inPackage = { ...claim, path: 'packages/a/test/a.test.ts', title: 'three' }

  const text = conformanceDocument(coverageOf([statement], [inPackage, claim], {}))

  expect(text).toContain('| 5.0 | 1 | 1 | 0 | 0 |')
  expect(text).toContain(
    '[a.test.ts](../tests/a.test.ts): one \\| U+0000<br>[a.test.ts](../packages/a/test/a.test.ts): three |',
  )
})
