import { posix } from 'node:path'
import type { SourceText } from './source-tree.ts'
import { importsOf } from './syntax.ts'

/** The part of a package.json that says what may be imported. */
export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly exports?: unknown
  readonly imports?: Readonly<Record<string, unknown>>
}

/** One workspace: its folder and its package.json. */
export interface Workspace {
  readonly folder: string
  readonly manifest: Manifest
}

/** One import of ours that names a file of ours. */
export interface Edge {
  readonly from: string
  readonly line: number
  readonly specifier: string
  readonly to: string
}

/** Every import, in `sources`, of a file in this repository. Imports of types count: a reader must follow them too. */
export function edgesOf(sources: readonly SourceText[], workspaces: readonly Workspace[]): Edge[] {
  return sources.flatMap(source =>
    importsOf(source).flatMap(({ specifier, line }) =>
      targetsOf(specifier, source.path, workspaces).map(to => ({ from: source.path, line, specifier, to })),
    ),
  )
}

/** The files that `specifier` can mean in `importer`: none for a module of Node or of others. */
function targetsOf(specifier: string, importer: string, workspaces: readonly Workspace[]): string[] {
  if (specifier.startsWith('.')) return [posix.join(posix.dirname(importer), specifier)]
  if (specifier.startsWith('#')) {
    const own = workspaces.find(({ folder }) => importer.startsWith(`${folder}/`))
    return own ? sourcesIn(own.manifest.imports?.[specifier], own.folder) : []
  }
  const named = workspaces.find(({ manifest }) => specifier === manifest.name)
  return named ? sourcesIn(named.manifest.exports, named.folder) : []
}

/** The TypeScript sources that an `exports` or `imports` entry leads to under one condition or another. */
function sourcesIn(entry: unknown, folder: string): string[] {
  if (typeof entry === 'string') return /(?<!\.d)\.ts$/.test(entry) ? [posix.join(folder, entry)] : []
  if (typeof entry !== 'object' || entry === null) return []
  return Object.values(entry).flatMap(value => sourcesIn(value, folder))
}

/** Each cycle found on a walk along `edges`, as `a → b → a`. */
export function cyclesIn(edges: readonly Edge[]): string[] {
  const next = new Map<string, string[]>()
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
  const finished = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || finished.has(path)) return
    for (const target of next.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const path of next.keys()) visit(path, [])
  return cycles
}
