import { isBuiltin } from 'node:module'
import { type Edge, edgesOf, type Manifest, type Workspace } from './import-graph.ts'
import type { SourceText } from './source-tree.ts'
import { importsOf } from './syntax.ts'

/**
 * The architecture, lowest layer first. A file may import its own layer and the layers before it, never those after it.
 * ARCHITECTURE.md draws the same list; this one keeps the drawing true. A folder of the broker that does not exist yet has
 * its place already.
 */
const layers = [
  'packages/codec/src',
  'packages/protocol/src',
  'packages/client/src',
  'packages/broker/src/runtime',
  'packages/broker/src/store',
  'packages/broker/src/access',
  'packages/broker/src/routing',
  'packages/broker/src/sessions',
  'packages/broker/src/connection',
  'packages/broker/src/transport',
  'packages/broker/src/cluster',
  'packages/broker/src/observe',
  'packages/broker/src/admin',
  'packages/broker/src',
  'packages/testing/src',
  'packages/compat-mqttjs/src',
  'packages/cli/src',
]

/** Holds only the files directly in it: each folder in it is a layer of its own and must be listed. */
const brokerTop = 'packages/broker/src'

/** The layer that holds `path`, as an index into {@link layers}, or `undefined` when none does. */
function layerOf(path: string): number | undefined {
  const index = layers.findIndex(layer => path.startsWith(`${layer}/`))
  if (index === -1) return undefined
  const isNested = path.slice(brokerTop.length + 1).includes('/')
  return layers[index] === brokerTop && isNested ? undefined : index
}

/** Sources whose folder has no place in the architecture. */
export function filesInNoLayer(sources: readonly SourceText[]): string[] {
  return sources.filter(({ path }) => layerOf(path) === undefined).map(({ path }) => `${path} is in no layer`)
}

/** Imports that point at a higher layer than their own. */
export function upwardImports(sources: readonly SourceText[], workspaces: readonly Workspace[]): string[] {
  return edgesOf(sources, workspaces)
    .filter(({ from, to }) => (layerOf(to) ?? -1) > (layerOf(from) ?? -1))
    .map(({ from, line, specifier }) => `${from}:${line} imports ${specifier}, which is above it`)
}

/** Imports, by a package's sources, of a path outside those sources: tests, other packages by path, the root. */
export function importsThatLeaveTheSources(edges: readonly Edge[]): string[] {
  return edges
    .filter(({ from, to, specifier }) => specifier.startsWith('.') && !to.startsWith(`${sourceFolderOf(from)}/`))
    .map(({ from, line, specifier }) => `${from}:${line} imports ${specifier}, outside its package's sources`)
}

function sourceFolderOf(path: string): string {
  return path.split('/').slice(0, 3).join('/')
}

/**
 * Imports of packages that the package.json beside the importer does not declare. Tests may use the root's development
 * dependencies as well, and the package that they test.
 */
export function undeclaredImports(
  sources: readonly SourceText[],
  workspaces: readonly Workspace[],
  root: Manifest,
): string[] {
  return sources.flatMap(source => {
    const own = workspaces.find(({ folder }) => source.path.startsWith(`${folder}/`))
    if (!own) return [`${source.path} belongs to no workspace of the root package.json`]
    const isShipped = source.path.startsWith(`${own.folder}/src/`)
    const declared = isShipped ? shippedWith(own.manifest) : testedWith(own.manifest, root)
    return importsOf(source)
      .filter(({ specifier }) => !/^[.#]/.test(specifier) && !declared.has(packageOf(specifier)))
      .filter(({ specifier }) => !isBuiltin(specifier) || (isShipped && specifier.startsWith('node:test')))
      .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}, which package.json does not declare`)
  })
}

/** `@scope/name` or `name`, without the path into the package. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function shippedWith(manifest: Manifest): Set<string> {
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  return new Set([dependencies, optionalDependencies, peerDependencies].flatMap(table => Object.keys(table ?? {})))
}

function testedWith(manifest: Manifest, root: Manifest): Set<string> {
  const development = [manifest.devDependencies, root.devDependencies].flatMap(table => Object.keys(table ?? {}))
  return new Set([manifest.name, ...shippedWith(manifest), ...development])
}
