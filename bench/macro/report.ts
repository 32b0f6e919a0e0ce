import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { markdownReport } from './markdown-report.ts'
import type { Results } from './results.ts'

/** `node bench/dist/macro/report.js [FILE]`: writes the newest results, or those in FILE, into docs/performance.md. */
const root = join(import.meta.dirname, '../../..')
const documentPath = join(root, 'docs/performance.md')
const begin = '<!-- begin of results -->'
const end = '<!-- end of results -->'

/** Results are committed under bench/results; trials in its folder `local` do not count. */
function newestResults(): string {
  const folder = join(root, 'bench/results')
  const paths = readdirSync(folder).flatMap(name => (name.endsWith('.json') ? [join(folder, name)] : []))
  const [newest] = paths.sort((a, b) => read(b).date.localeCompare(read(a).date))
  if (newest === undefined)
    throw new Error('there is no file in bench/results: run npm run bench -- --full --json FILE')
  return newest
}

function read(path: string): Results {
  return JSON.parse(readFileSync(path, 'utf8')) as Results
}

const resultsPath = process.argv[2] ?? newestResults()
const document = readFileSync(documentPath, 'utf8')
const [first, last] = [document.indexOf(begin), document.indexOf(end)]
if (first === -1 || last < first) throw new Error(`docs/performance.md has no "${begin}" followed by "${end}"`)
const report = markdownReport(read(resultsPath), relative(join(root, 'docs'), resultsPath))
writeFileSync(documentPath, `${document.slice(0, first)}${begin}\n\n${report}\n${document.slice(last)}`)
