import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const source = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../../../${path}`, import.meta.url)))

/** What a page or a worker loads: all of the client, as the global `curlew`. */
const entry = `
  import * as client from ${source('packages/client/src/index.ts')}
  import { indexedDbOutbox } from ${source('packages/client/src/indexeddb-outbox.ts')}
  globalThis.curlew = { ...client, indexedDbOutbox }
`

/** Bundles the client for browsers, from its sources. */
export async function bundleClient(): Promise<string> {
  const build = await rolldown({
    input: 'entry',
    platform: 'browser',
    resolve: { conditionNames: ['curlew-source', 'browser', 'import', 'default'] },
    plugins: [
      { name: 'entry', resolveId: id => (id === 'entry' ? id : null), load: id => (id === 'entry' ? entry : null) },
    ],
  })
  const { output } = await build.generate({ format: 'iife', minify: true })
  await build.close()
  return output[0].code
}
