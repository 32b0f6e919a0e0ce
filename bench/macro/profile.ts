import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type CpuProfile, frameTree, selfTimes } from './report/cpu-profile.ts'
import { flameGraph } from './report/flame-graph.ts'
import { stageShares } from './report/stages.ts'

/**
 * `node bench/dist/macro/profile.js DIR [COUNT]`: where the CPU time of each profile in DIR went, by stage and by function, without
 * idling; and a flame graph beside each, a page of its own.
 */
function printProfile(path: string, count: number): void {
  const profile = JSON.parse(readFileSync(path, 'utf8')) as CpuProfile
  const root = frameTree(profile)
  const pagePath = path.replace(/\.cpuprofile$/, '.html')
  writeFileSync(pagePath, flameGraph(basename(path), root))
  process.stdout.write(
    `\n${basename(path)}: busy for ${(root.totalUs / 1e6).toFixed(1)} s; flame graph in ${pagePath}\n`,
  )
  for (const { stage, share } of stageShares(profile)) {
    process.stdout.write(`${(share * 100).toFixed(1).padStart(6)} %  ${stage}\n`)
  }
  process.stdout.write('\n')
  for (const { label, us } of selfTimes(root).slice(0, count)) {
    process.stdout.write(`${((us / root.totalUs) * 100).toFixed(1).padStart(6)} %  ${label}\n`)
  }
}

const [folder, count = '20'] = process.argv.slice(2)
if (folder === undefined) {
  process.stderr.write('Usage: node bench/dist/macro/profile.js DIR [COUNT]\n')
  process.exitCode = 2
} else {
  const files = readdirSync(folder).filter(name => name.endsWith('.cpuprofile'))
  for (const file of files.sort()) printProfile(join(folder, file), Number(count))
}
