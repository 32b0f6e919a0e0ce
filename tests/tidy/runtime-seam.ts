import { isBuiltin } from 'node:module'
import ts from 'typescript'
import type { SourceText } from './source-tree.ts'
import { forEachNode, importsOf, lineOf, parse } from './syntax.ts'

/**
 * Time, chance and I/O enter through few doors, so that a test can replace them. These checks hold the other walls shut.
 */

/** The clock, timers and the process, as they lie about in every scope. */
const ambient = new Set([
  'Date',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

/** Modules of Node that hold the same. */
const clockModules = /^(node:)?(timers|perf_hooks|process)(\/|$)/

const ioModules =
  /^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|tls|worker_threads)(\/|$)/

const hostFree = /^packages\/(codec|protocol)\/src\//
const broker = /^packages\/broker\/src\//
const runtime = /^packages\/broker\/src\/runtime\//
const io = /^packages\/broker\/src\/((runtime|transport|admin)\/|store\/level-[a-z]+\.ts$)/

/** The one file below the broker that Node's own UTF-8 makes worth having; browsers get its twin. */
const nodeBytes = 'packages/codec/src/bytes.node.ts'

/** Imports that a file may not have where it stands. */
export function bannedImports(sources: readonly SourceText[]): string[] {
  return sources.flatMap(source =>
    importsOf(source)
      .filter(({ specifier }) => isBannedIn(source.path, specifier))
      .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}`),
  )
}

function isBannedIn(path: string, specifier: string): boolean {
  if (hostFree.test(path)) return isBuiltin(specifier) && !(path === nodeBytes && specifier === 'node:buffer')
  if (!broker.test(path)) return false
  return (ioModules.test(specifier) && !io.test(path)) || (clockModules.test(specifier) && !runtime.test(path))
}

/** Uses of the host's clock, timers, chance or process where they are not allowed. */
export function bannedGlobals(sources: readonly SourceText[]): string[] {
  return sources
    .filter(({ path }) => hostFree.test(path) || (broker.test(path) && !runtime.test(path)))
    .flatMap(source => {
      const file = parse(source)
      const found: string[] = []
      forEachNode(file, node => {
        const name = hostNameIn(node)
        if (name !== undefined) found.push(`${source.path}:${lineOf(file, node)} uses ${name}`)
      })
      return found
    })
}

/** The clock, timer, source of chance or process that `node` refers to. */
function hostNameIn(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node) && ambient.has(node.text) && isReference(node)) return node.text
  if (ts.isImportSpecifier(node)) return randomImport(node)
  if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return undefined
  const [owner, name] = [node.expression.text, node.name.text]
  if (/^global(This)?$/.test(owner) && ambient.has(name)) return name
  if (/^(Math|crypto|webcrypto)$/.test(owner) && /random/i.test(name)) return `${owner}.${name}`
  return undefined
}

/** `randomBytes` and its like, taken by name from `node:crypto`. */
function randomImport(node: ts.ImportSpecifier): string | undefined {
  const from = node.parent.parent.parent.moduleSpecifier
  const name = (node.propertyName ?? node.name).text
  const isChance = /random|^webcrypto$/i.test(name)
  return isChance && ts.isStringLiteral(from) && /^(node:)?crypto$/.test(from.text) ? name : undefined
}

/** Whether an identifier stands for a value or a type, rather than naming a member of something. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isQualifiedName(parent)) return parent.right !== node
  if (ts.isBindingElement(parent)) return parent.propertyName !== node
  const isMember = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent)
  if (isMember || ts.isPropertyAccessExpression(parent)) return parent.name !== node
  return true
}
