// `npm run bench:weight`: what a web page loads for `connect`, and which files make it (docs/adr/0018).

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const packages = fileURLToPath(new URL('../../../packages/', import.meta.url))

/** What a bundler makes of some code that imports from the sources. */
async function bundled(code: string) {
  const entry = 'entry'
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['curlew-source', 'browser', 'import', 'default'] },
    plugins: [{ name: entry, resolveId: id => (id === entry ? id : null), load: id => (id === entry ? code : null) }],
  })
  const { output } = await build.generate({ format: 'esm', minify: true })
  await build.close()
  return output[0]
}

const gzipped = (code: string): number => gzipSync(code, { level: 9 }).length

const { code, modules } = await bundled(
  `import { connect } from '${packages}client/src/index.ts'; globalThis.keep(connect)`,
)
const total = gzipped(code)
const files = Object.entries(modules).map(([id, { renderedLength }]) => ({
  name: id.replace(packages, ''),
  length: renderedLength,
}))
const length = files.reduce((sum, file) => sum + file.length, 0)
/** A file's share of the whole, which is fairer than its own gzip: what files have in common is paid once. */
const share = (names: typeof files): string => {
  const bytes = (names.reduce((sum, file) => sum + file.length, 0) / length) * total
  return `${String(Math.round(bytes)).padStart(6)}`
}

console.log(`${total} bytes gzipped, ${code.length} minified; in gzipped bytes:\n`)
for (const name of ['client', 'codec', 'protocol']) {
  console.log(`${share(files.filter(file => file.name.startsWith(name)))}  ${name}`)
}
console.log()
for (const file of files.sort((a, b) => b.length - a.length).slice(0, 30)) console.log(`${share([file])}  ${file.name}`)

// A sentence is a literal with a space in it, more or less.
const literals = /(["'`])(?:\\.|(?!\1)[^\\])*\1/gs
const silent = code.replace(literals, literal => (literal.includes(' ') ? '""' : literal))
console.log(`\n${total - gzipped(silent)} of it are the texts of errors`)
const floor = await bundled(
  `import { ClientDecoder, writeClientPacket, writePublish } from '${packages}codec/src/index.ts'
   import { IncomingDeliveries, OutgoingDeliveries } from '${packages}protocol/src/index.ts'
   globalThis.keep(ClientDecoder, writeClientPacket, writePublish, IncomingDeliveries, OutgoingDeliveries)`,
)
console.log(`${gzipped(floor.code)} are codec and delivery machines alone`)
