import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { createBroker } from '@curlew/broker'
import { rolldown } from 'rolldown'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import type { connect as connectFromSource } from '../src/index.ts'

const source = (name: string): string => fileURLToPath(new URL(`../src/${name}`, import.meta.url))

const importConnect = `import { connect } from ${JSON.stringify(source('index.ts'))}`

/** What a bundler of a web page makes of an import: minified, without what is not used. */
async function bundle(code: string, format: 'esm' | 'iife' = 'esm'): Promise<string> {
  const entry = 'entry'
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['curlew-source', 'browser', 'import', 'default'] },
    plugins: [{ name: 'entry', resolveId: id => (id === entry ? id : null), load: id => (id === entry ? code : null) }],
  })
  const { output } = await build.generate({ format, minify: true })
  await build.close()
  return output[0].code
}

/**
 * What a page loads, in bytes gzipped: the README has these numbers in kilobytes, ADR 0018 says why they are not smaller.
 */
const sizes: readonly [what: string, imports: string, maximum: number][] = [
  ['connect', '', 24_150],
  ['connect, request and serve', `import { request, serve } from '${source('index.ts')}'; all(request, serve)`, 25_240],
  ['connect and typed topics', `import { json, topic } from '${source('index.ts')}'; all(json, topic)`, 24_920],
  [
    'connect and the outbox in IndexedDB',
    `import { indexedDbOutbox } from '${source('indexeddb-outbox.ts')}'; all(indexedDbOutbox)`,
    25_260,
  ],
]

test.each(sizes)('a page with %s loads little', async (_what, imports, maximum) => {
  const code = await bundle(`${importConnect}; const all = globalThis.keep; all(connect); ${imports}`)

  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(maximum)
})

test('nothing of Node is in it', async () => {
  const code = await bundle(`import * as all from ${JSON.stringify(source('index.ts'))}; globalThis.all = all`)

  expect(code).not.toMatch(/\bBuffer\b|node:|\brequire\(|from\s*["'`]|\bprocess\b/)
})

test('the outbox of browsers needs nothing of Node either', async () => {
  const code = await bundle(
    `import * as all from ${JSON.stringify(source('indexeddb-outbox.ts'))}; globalThis.all = all`,
  )

  expect(code).not.toMatch(/\bBuffer\b|node:|\bprocess\b/)
})

/** What a page has; Node's own globals are not among it. */
const pageGlobals = {
  AbortController,
  ArrayBuffer,
  clearTimeout,
  crypto,
  performance,
  queueMicrotask,
  setTimeout,
  TextDecoder,
  TextEncoder,
  Uint8Array,
  URL,
  WebSocket,
}

for (const protocolVersion of [4, 5] as const) {
  test(`the bundle works with what a page has (version ${protocolVersion})`, async () => {
    const broker = createBroker()
    onTestFinished(() => broker.close())
    const { url } = await broker.listen({ protocol: 'ws', port: 0 })
    const code = await bundle(`${importConnect}; globalThis.connect = connect`, 'iife')
    const page = createContext({ ...pageGlobals }) as { connect: typeof connectFromSource }
    runInContext(code, page)

    const client = await page.connect(url, { protocolVersion })
    const subscription = await client.subscribe('häuser/#', { qos: 2 })
    for (const qos of [0, 1, 2] as const) await client.publish('häuser/1', '☃'.repeat(50_000), { qos })
    const lengths: number[] = []
    for (let count = 0; count < 3; count++) lengths.push((await subscription.next()).value!.text().length)
    await client.close()

    expect(lengths).toEqual([50_000, 50_000, 50_000])
  })
}
