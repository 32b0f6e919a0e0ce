import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `node bench/dist/macro/profile.js DIR [COUNT]`: where the CPU time of each profile in DIR went, by function, without idling. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds from one sample to the next. */
  readonly timeDeltas: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

function printProfile(path: string, count: number): void {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
  const labels = new Map(nodes.map(node => [node.id, labelOf(node)]))
  const selfUs = new Map<string, number>()
  samples.forEach((id, index) => {
    const label = labels.get(id) ?? '(unknown)'
    selfUs.set(label, (selfUs.get(label) ?? 0) + (timeDeltas[index] ?? 0))
  })
  selfUs.delete('(idle)')
  const totalUs = [...selfUs.values()].reduce((sum, part) => sum + part, 0)
  const rows = [...selfUs].sort(([, a], [, b]) => b - a).slice(0, count)
  process.stdout.write(`\n${basename(path)}: busy for ${(totalUs / 1e6).toFixed(1)} s\n`)
  for (const [label, us] of rows) process.stdout.write(`${((us / totalUs) * 100).toFixed(1).padStart(6)} %  ${label}\n`)
}

function labelOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName
  if (url === '') return name
  const file = url.startsWith('file:') ? shortPath(fileURLToPath(url)) : url
  return `${name}  ${file}:${lineNumber + 1}`
}

/** The last folders are enough to know a file by. */
function shortPath(path: string): string {
  return path.split('/').slice(-4).join('/')
}

const [folder, count = '20'] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('Usage: node bench/dist/macro/profile.js DIR [COUNT]\n')
  process.exitCode = 2
} else {
  const files = readdirSync(folder).filter(name => name.endsWith('.cpuprofile'))
  for (const file of files.sort()) printProfile(join(folder, file), Number(count))
}
