import { basename } from 'node:path'
import type { Claim } from './claims.ts'
import type { Covered } from './coverage.ts'

/** More names than these per statement and file are counted, not listed. */
const TITLES_MAX = 4

const introduction = `# Conformance

<!-- Written by tests/conformance/coverage.test.ts; do not edit. -->

The standards number their normative statements: the sentences with "must". This is the list of all of them, in our words, with
the tests that show that Curlew keeps each one, or the reason why no test can. It is checked by every run of the tests: it fails
when a statement has neither, and when this document is not what the tests say. CI runs all tests that are listed here and takes
no change with one that fails, so on the main branch each listed test succeeds: that is the result \`passes\`.

Tests in [tests/conformance](../tests/conformance/) speak bytes to a broker over a socket, or in virtual time where a rule is
about time; those in packages show the same of one part. \`npx vitest run --project conformance\` runs the former.
[ADR 0006](adr/0006-normative-statements.md) has the rules. After a change of a test's name or of a reason:

\`\`\`sh
UPDATE_CONFORMANCE=1 npx vitest run --project conformance tests/conformance/coverage.test.ts
\`\`\`
`

/** The document of all statements and what shows them; the same coverage always gives the same text. */
export function conformanceDocument(coverage: readonly Covered[]): string {
  const versions = ['5.0', '3.1.1'] as const
  const of = (version: string): Covered[] => coverage.filter(({ statement }) => statement.version === version)
  const totals = versions.map(version => totalsRow(version, of(version)))
  return [
    introduction,
    '| version | statements | shown by tests | reason given | open |\n|---|---|---|---|---|',
    ...totals,
    ...versions.map(version => `\n## MQTT ${version}\n${sections(of(version))}`),
  ].join('\n')
}

function totalsRow(version: string, coverage: readonly Covered[]): string {
  const shown = coverage.filter(({ claims }) => claims.length > 0).length
  const explained = coverage.filter(({ claims, reason }) => claims.length === 0 && reason !== undefined).length
  return `| ${version} | ${coverage.length} | ${shown} | ${explained} | ${coverage.length - shown - explained} |`
}

function sections(coverage: readonly Covered[]): string {
  const names = [...new Set(coverage.map(sectionOf))]
  const rowsOf = (name: string): Covered[] => coverage.filter(row => sectionOf(row) === name)
  return names.map(name => `\n### Section ${name}\n\n${table(rowsOf(name))}\n`).join('')
}

/** Chapters 3 and 4 by their sections, the others whole: \`3.1\`, \`4.7\`, \`2\`. */
function sectionOf({ statement }: Covered): string {
  const [chapter = '', section = ''] = statement.id.replace(/^MQTT3?-/, '').split('.')
  return chapter === '3' || chapter === '4' ? `${chapter}.${section}` : chapter
}

function table(rows: readonly Covered[]): string {
  const lines = rows.map(({ statement: { id, who, summary }, claims, reason }) => {
    const how = claims.length > 0 ? tests(claims) : reason === undefined ? '**open**' : `*No test:* ${reason}`
    const result = claims.length > 0 ? 'passes' : 'no test'
    return `| ${id} | ${who} | ${escaped(summary)} | ${how} | ${result} |`
  })
  return ['| statement | binds | what it asks for | what shows it | result |\n|---|---|---|---|---|', ...lines].join(
    '\n',
  )
}

function tests(claims: readonly Claim[]): string {
  const paths = [...new Set(claims.map(({ path }) => path))]
  return paths
    .map(path => {
      const titles = [...new Set(claims.filter(claim => claim.path === path).map(({ title }) => title))]
      const more = titles.length > TITLES_MAX ? `; and ${titles.length - TITLES_MAX} more` : ''
      const listed = titles.slice(0, TITLES_MAX).map(escaped).join('; ')
      return `[${basename(path)}](../${path}): ${listed}${more}`
    })
    .join('<br>')
}

/** As Markdown shows it in the cell of a table; control characters by their numbers. */
function escaped(text: string): string {
  return text
    .replace(/\p{Cc}/gu, character => `U+${character.codePointAt(0)!.toString(16).padStart(4, '0').toUpperCase()}`)
    .replace(/\[(MQTT[\d.-]+)\]/g, '$1')
    .replace(/[\\`*_[\]<>|]/g, '\\$&')
}
