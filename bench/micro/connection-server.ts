import { type AddressInfo, createServer } from 'node:net'
import { json } from 'node:stream/consumers'
import { getHeapSnapshot } from 'node:v8'
import { createBroker } from '@curlew/broker'

/** The server of `connection-cost.ts`: `curlew`, or `bare`, which answers CONNECT and PINGREQ and does nothing else. Sends its port, then what it is asked for. */

export type Inspection = 'memory' | 'parts'

/** Objects of one kind in the heap. */
export interface Part {
  readonly name: string
  readonly count: number
  readonly bytes: number
}

/** As V8 writes them: fields of all nodes in a row. */
interface HeapSnapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: [string[]] } }
  readonly nodes: number[]
  readonly strings: string[]
}

const connack = Uint8Array.of(0x20, 2, 0, 0)
const pingresp = Uint8Array.of(0xd0, 0)
const answers: Readonly<Record<number, Uint8Array>> = { [0x10]: connack, [0xc0]: pingresp }

async function listenBare(): Promise<number> {
  const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
  const server = createServer(options, socket => {
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', ([firstByte = 0]: Buffer) => {
      const answer = answers[firstByte]
      if (answer === undefined) socket.end()
      else socket.write(answer)
    })
  })
  await new Promise<void>(resolve => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))
  return (server.address() as AddressInfo).port
}

async function listenCurlew(): Promise<number> {
  const { port } = await createBroker().listen({ protocol: 'mqtt', port: 0 })
  return port
}

/** V8's heap after full collections, and the resident set, in bytes. */
function memory(): { heapBytes: number; residentBytes: number } {
  for (let round = 0; round < 4; round++) globalThis.gc!()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapBytes: heapUsed, residentBytes: rss }
}

/** All objects by class; what has none by its kind, such as `(closure)`. */
async function parts(): Promise<Part[]> {
  const { snapshot, nodes, strings } = (await json(getHeapSnapshot())) as HeapSnapshot
  const { node_fields: fields, node_types: types } = snapshot.meta
  const [type, name, size] = ['type', 'name', 'self_size'].map(field => fields.indexOf(field)) as [
    number,
    number,
    number,
  ]
  const found = new Map<string, { name: string; count: number; bytes: number }>()
  for (let node = 0; node < nodes.length; node += fields.length) {
    const kind = types[0][nodes[node + type]!]!
    const label = kind === 'object' || kind === 'native' ? strings[nodes[node + name]!]! : `(${kind})`
    const part = found.get(label) ?? { name: label, count: 0, bytes: 0 }
    part.count++
    part.bytes += nodes[node + size]!
    found.set(label, part)
  }
  return [...found.values()]
}

process.on('message', async (asked: Inspection) => {
  process.send?.(asked === 'memory' ? memory() : await parts())
})
process.send?.(process.argv[2] === 'curlew' ? await listenCurlew() : await listenBare())
