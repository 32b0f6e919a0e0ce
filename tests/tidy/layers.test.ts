import { expect, test } from 'vitest'
import { cyclesIn, edgesOf, type Manifest, type Workspace } from './import-graph.ts'
import { filesInNoLayer, importsThatLeaveTheSources, undeclaredImports, upwardImports } from './layers.ts'
import { readTree, type SourceText } from './source-tree.ts'

const manifests = readTree(/^(packages\/[^/]+\/)?package\.json$/).map(({ path, text }) => ({
  folder: path.replace(/\/?package\.json$/, ''),
  manifest: JSON.parse(text) as Manifest,
}))
const root = manifests.find(({ folder }) => folder === '')!.manifest
const workspaces = manifests.filter(({ folder }) => folder !== '')
const shipped = readTree(/^packages\/[^/]+\/src\/.*\.ts$/)
const tested = readTree(/^packages\/[^/]+\/test\/.*\.ts$/)

test('imports point at the same layer or a lower one', () => {
  expect(upwardImports(shipped, workspaces)).toEqual([])
})

test('every source file is in a layer', () => {
  expect(filesInNoLayer(shipped)).toEqual([])
})

test('no files import each other in a circle', () => {
  expect(cyclesIn(edgesOf(shipped, workspaces))).toEqual([])
})

test('sources import nothing by path from outside their own sources', () => {
  expect(importsThatLeaveTheSources(edgesOf(shipped, workspaces))).toEqual([])
})

test('packages import only what their package.json declares', () => {
  expect(undeclaredImports([...shipped, ...tested], workspaces, root)).toEqual([])
})

const sampleRoot: Manifest = { name: 'root', devDependencies: { vitest: '1.0.0' } }
const sampleWorkspaces: Workspace[] = [
  {
    folder: 'packages/codec',
    manifest: {
      name: '@curlew/codec',
      exports: { '.': { 'curlew-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
      imports: { '#bytes': { 'curlew-source': { node: './src/bytes.node.ts', default: './src/bytes.web.ts' } } },
    },
  },
  {
    folder: 'packages/broker',
    manifest: {
      name: '@curlew/broker',
      dependencies: { '@curlew/codec': '1.0.0', ws: '8.0.0' },
      exports: { '.': { 'curlew-source': './src/index.ts' } },
    },
  },
]

/** A tree of one file. */
const only = (path: string, text: string): SourceText[] => [{ path, text }]

const upward: [what: string, path: string, text: string][] = [
  ['a package above', 'packages/codec/src/decoder.ts', "import { Broker } from '@curlew/broker'"],
  ['a type of a package above', 'packages/codec/src/decoder.ts', "import type { Broker } from '@curlew/broker'"],
  ['a folder above', 'packages/broker/src/routing/router.ts', "import { Session } from '../sessions/session.ts'"],
  ['the top of its own package', 'packages/broker/src/store/store.ts', "export * from '../config.ts'"],
  ['its own package by name', 'packages/broker/src/store/store.ts', "import { x } from '@curlew/broker'"],
  ['a folder above, when run', 'packages/broker/src/access/acl.ts', "const it = await import('../admin/server.ts')"],
  ['a folder above, in a type', 'packages/broker/src/access/acl.ts', "type S = import('../admin/server.ts').Server"],
]
for (const [what, path, text] of upward) {
  test(`an import of ${what} is found`, () => {
    expect(upwardImports(only(path, text), sampleWorkspaces)).toHaveLength(1)
  })
}

test('an import of a lower layer, of its own layer, of Node and of others is allowed', () => {
  const text =
    "import '@curlew/codec'; import './session.ts'; import '../routing/router.ts'; import 'node:net'; import 'ws'"

  expect(upwardImports(only('packages/broker/src/sessions/will.ts', text), sampleWorkspaces)).toEqual([])
})

test('a new folder of the broker must be given its place', () => {
  expect(filesInNoLayer(only('packages/broker/src/magic/wand.ts', ''))).toHaveLength(1)
  expect(filesInNoLayer(only('packages/wand/src/index.ts', ''))).toHaveLength(1)
  expect(filesInNoLayer(only('packages/broker/src/broker.ts', ''))).toEqual([])
})

test('a circle of imports is found, through the package.json as well', () => {
  const circle = [
    { path: 'packages/codec/src/reader.ts', text: "import { decodeUtf8 } from '#bytes'" },
    { path: 'packages/codec/src/bytes.web.ts', text: "import type { Alone } from './alone.ts'" },
    { path: 'packages/codec/src/alone.ts', text: "export { PacketReader } from './reader.ts'" },
  ]

  expect(cyclesIn(edgesOf(circle, sampleWorkspaces))).toEqual([
    'packages/codec/src/reader.ts → packages/codec/src/bytes.web.ts → packages/codec/src/alone.ts → packages/codec/src/reader.ts',
  ])
  expect(cyclesIn(edgesOf(circle.slice(1), sampleWorkspaces))).toEqual([])
})

test('a source that imports a test, or another package by path, is found', () => {
  const text = "import '../test/vectors.ts'; import '../../protocol/src/index.ts'; import './packets/publish.ts'"

  const found = importsThatLeaveTheSources(edgesOf(only('packages/codec/src/index.ts', text), sampleWorkspaces))

  expect(found).toEqual([
    "packages/codec/src/index.ts:1 imports ../test/vectors.ts, outside its package's sources",
    "packages/codec/src/index.ts:1 imports ../../protocol/src/index.ts, outside its package's sources",
  ])
})

const imports: [path: string, specifier: string, undeclaredCount: number][] = [
  ['packages/broker/src/broker.ts', 'ws/lib/sender.js', 0],
  ['packages/broker/src/broker.ts', '@curlew/codec', 0],
  ['packages/broker/src/broker.ts', 'node:net', 0],
  ['packages/broker/src/broker.ts', '@curlew/client', 1],
  ['packages/broker/src/broker.ts', 'pino', 1],
  ['packages/broker/src/broker.ts', 'vitest', 1],
  ['packages/broker/src/broker.ts', 'node:test', 1],
  ['packages/broker/test/broker.test.ts', 'vitest', 0],
  ['packages/broker/test/broker.test.ts', '@curlew/broker', 0],
  ['packages/broker/test/broker.test.ts', 'pino', 1],
  ['packages/wand/src/index.ts', 'ws', 1],
]
for (const [path, specifier, undeclaredCount] of imports) {
  test(`${path} ${undeclaredCount === 0 ? 'may' : 'may not'} import ${specifier}`, () => {
    const sample = only(path, `import '${specifier}'`)

    expect(undeclaredImports(sample, sampleWorkspaces, sampleRoot)).toHaveLength(undeclaredCount)
  })
}
