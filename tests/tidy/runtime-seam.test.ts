import { expect, test } from 'vitest'
import { bannedGlobals, bannedImports } from './runtime-seam.ts'
import { readTree } from './source-tree.ts'

const shipped = readTree(/^packages\/[^/]+\/src\/.*\.ts$/)

test('codec and protocol import nothing of Node, and only the doors of the broker import I/O', () => {
  expect(bannedImports(shipped)).toEqual([])
})

test('time and chance come from the runtime', () => {
  expect(bannedGlobals(shipped)).toEqual([])
})

const imports: [path: string, specifier: string, isBanned: boolean][] = [
  ['packages/codec/src/reader.ts', 'node:buffer', true],
  ['packages/codec/src/reader.ts', 'buffer', true],
  ['packages/codec/src/bytes.node.ts', 'node:buffer', false],
  ['packages/codec/src/bytes.node.ts', 'node:fs', true],
  ['packages/codec/src/bytes.web.ts', 'node:buffer', true],
  ['packages/protocol/src/keep-alive.ts', 'node:timers/promises', true],
  ['packages/protocol/src/keep-alive.ts', '@curlew/codec', false],
  ['packages/broker/src/sessions/session.ts', 'node:net', true],
  ['packages/broker/src/sessions/session.ts', 'fs', true],
  ['packages/broker/src/sessions/session.ts', 'node:fs/promises', true],
  ['packages/broker/src/sessions/session.ts', 'node:timers', true],
  ['packages/broker/src/sessions/session.ts', 'node:perf_hooks', true],
  ['packages/broker/src/sessions/session.ts', 'node:assert/strict', false],
  ['packages/broker/src/access/acl.ts', 'node:child_process', true],
  ['packages/broker/src/access/acl.ts', 'node:worker_threads', true],
  ['packages/broker/src/connection/output.ts', 'node:dgram', true],
  ['packages/broker/src/broker.ts', 'node:tls', true],
  ['packages/broker/src/store/memory-store.ts', 'node:fs', true],
  ['packages/broker/src/store/level-store.ts', 'node:fs', false],
  ['packages/broker/src/transport/tcp.ts', 'node:net', false],
  ['packages/broker/src/transport/tcp.ts', 'node:timers', true],
  ['packages/broker/src/admin/server.ts', 'node:http', false],
  ['packages/broker/src/runtime/clock.ts', 'node:perf_hooks', false],
  ['packages/cli/src/main.ts', 'node:fs', false],
]
for (const [path, specifier, isBanned] of imports) {
  test(`${path} ${isBanned ? 'may not' : 'may'} import ${specifier}`, () => {
    expect(bannedImports([{ path, text: `import '${specifier}'` }])).toHaveLength(isBanned ? 1 : 0)
  })
}

const globals: [text: string, name: string | undefined][] = [
  ['const now = Date.now()', 'Date'],
  ['const at: Date = new Clock().at', 'Date'],
  ['performance.now()', 'performance'],
  ['setTimeout(close, 1)', 'setTimeout'],
  ['const later = { setInterval }', 'setInterval'],
  ['globalThis.setImmediate(close)', 'setImmediate'],
  ['queueMicrotask(close)', 'queueMicrotask'],
  ['Math.random()', 'Math.random'],
  ['crypto.randomUUID()', 'crypto.randomUUID'],
  ['crypto.getRandomValues(bytes)', 'crypto.getRandomValues'],
  ["import { randomBytes } from 'node:crypto'", 'randomBytes'],
  ["import { randomInt as pick } from 'crypto'", 'randomInt'],
  ['process.nextTick(close)', 'process'],
  ["import { createHash } from 'node:crypto'", undefined],
  ["import { random } from '../runtime/random.ts'", undefined],
  ['// setTimeout(close, 1)', undefined],
  ['const text = "Date.now()"', undefined],
  ['runtime.timers.setTimeout(close, runtime.random())', undefined],
  ['class Timers { setTimeout() {} }', undefined],
  ['interface Timers { performance: number; process(): void }', undefined],
  ['const { process: handle } = { process: 1 }', undefined],
  ['Math.max(1, 2)', undefined],
]
for (const [text, name] of globals) {
  for (const path of ['packages/protocol/src/keep-alive.ts', 'packages/broker/src/sessions/session.ts']) {
    test(`${text} is ${name === undefined ? 'allowed' : 'found'} in ${path}`, () => {
      expect(bannedGlobals([{ path, text }])).toEqual(name === undefined ? [] : [`${path}:1 uses ${name}`])
    })
  }
}

test('the runtime, and what only starts the broker, may use the host', () => {
  const text = 'setTimeout(close, Date.now() + Math.random())'

  expect(bannedGlobals([{ path: 'packages/broker/src/runtime/timers.ts', text }])).toEqual([])
  expect(bannedGlobals([{ path: 'packages/cli/src/main.ts', text }])).toEqual([])
  expect(bannedGlobals([{ path: 'packages/broker/src/broker.ts', text }])).toHaveLength(3)
})
