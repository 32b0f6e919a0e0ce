import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The files of this repository, as the checks beside this file see them: a path from the root with forward slashes, and the
 * text. A check is a function over such pairs, so that its test can hand it a file that breaks the rule.
 */
export interface SourceText {
  readonly path: string
  readonly text: string
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * What one line of .gitignore keeps out, for the three forms ours has: `*.ending`, `name/` at any depth, and `/path/` or
 * `path/to/it/` from the root. Any other form throws, so that the walk can not quietly read what Git does not hold.
 */
export function ignorePattern(line: string): (path: string) => boolean {
  const pattern = line.replace(/^\//, '').replace(/\/$/, '')
  if (/^\*\.[\w.-]+$/.test(pattern)) return path => path.endsWith(pattern.slice(1))
  if (!/^[\w./-]+$/.test(pattern)) throw new RangeError(`the tidy tests do not understand the .gitignore line ${line}`)
  if (line.startsWith('/') || pattern.includes('/')) return path => path === pattern
  return path => basename(path) === pattern
}

/** The paths of all files below the root that Git would hold. */
export function treePaths(): string[] {
  const ignored = readFileSync(`${root}.gitignore`, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(ignorePattern)
  const paths: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
      const path = folder + entry.name
      if (entry.name === '.git' || ignored.some(isIgnored => isIgnored(path))) continue
      if (entry.isDirectory()) walk(`${path}/`)
      else if (entry.isFile()) paths.push(path)
    }
  }
  walk('')
  return paths.sort()
}

/** The files of the tree that `matches`, read. */
export function readTree(matches: RegExp): SourceText[] {
  return treePaths()
    .filter(path => matches.test(path))
    .map(path => ({ path, text: readFileSync(root + path, 'utf8') }))
}

/** Everything we write in TypeScript or JavaScript: packages, tests, benchmarks and configuration. */
export function readCode(): SourceText[] {
  return readTree(/\.(ts|js|mjs|cjs)$/)
}

/** The 1-based line of `offset` in `text`. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
