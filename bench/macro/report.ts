import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { durableReport } from './report/durable-report.ts'
import { markdownReport } from './report/markdown-report.ts'
import { type Results, readResults } from './results.ts'

/**
 * `node bench/dist/macro/report.js [FILE…]`: writes the newest results, or those in the files given, into docs/performance.md. Those
 * with a store and those without have a part each, and may come from different runs.
 */
const root = join(import.meta.dirname, '../../..')
const documentPath = join(root, 'docs/performance.md')

interface Part {
  /** Stands in the marks of the document. */
  readonly name: string
  /** What of a run belongs into the part. */
  select(results: Results): Results
  report(results: Results, link: string): string
}

const parts: readonly Part[] = [
  { name: 'results', select: results => selected(results, false), report: markdownReport },
  { name: 'durable results', select: results => selected(results, true), report: durableReport },
]

function selected(results: Results, isDurable: boolean): Results {
  const { scenarios, trials } = results
  return {
    ...results,
    scenarios: scenarios.filter(({ scenario }) => (scenario.group === 'durable') === isDurable),
    trials: trials.filter(({ group }) => (group === 'durable') === isDurable),
  }
}

/** Results are committed under bench/results; trials in its folder `local` do not count. */
function committedResults(): string[] {
  const folder = join(root, 'bench/results')
  const paths = readdirSync(folder).flatMap(name => (name.endsWith('.json') ? [join(folder, name)] : []))
  return paths.sort((a, b) => readResults(b).date.localeCompare(readResults(a).date))
}

function replaced(document: string, { name, select, report }: Part, paths: readonly string[]): string {
  const path = paths.find(path => {
    const { scenarios, trials } = select(readResults(path))
    return scenarios.length + trials.length > 0
  })
  if (path === undefined) return document
  const [begin, end] = [`<!-- begin of ${name} -->`, `<!-- end of ${name} -->`]
  const [first, last] = [document.indexOf(begin), document.indexOf(end)]
  if (first === -1 || last < first) throw new Error(`docs/performance.md has no "${begin}" followed by "${end}"`)
  const text = report(select(readResults(path)), relative(join(root, 'docs'), path))
  return `${document.slice(0, first)}${begin}\n\n${text}\n${document.slice(last)}`
}

const given = process.argv.slice(2)
const paths = given.length > 0 ? given : committedResults()
let document = readFileSync(documentPath, 'utf8')
for (const part of parts) document = replaced(document, part, paths)
writeFileSync(documentPath, document)
