import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { READ_BYTES, shareReads } from '../../src/transport/shared-reads.ts'

const servers: Server[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map(server => new Promise(closed => server.close(closed))))
})

/** A pair of sockets over loopback: that of the client, and that of the server with shared reads. */
async function pair() {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  const isShared = shareReads(socket)
  sockets.push(client, socket)
  return { client, socket, isShared }
}

/** Copies of what comes, and the chunks themselves. */
function collect(socket: Socket) {
  const copies: Buffer[] = []
  const chunks: Uint8Array[] = []
  socket.on('data', (chunk: Uint8Array) => {
    copies.push(Buffer.from(chunk))
    chunks.push(chunk)
  })
  socket.resume()
  return { copies, chunks }
}

describe('a socket with shared reads', () => {
  test('reads into memory that all of them share', async () => {
    const [one, other] = [await pair(), await pair()]
    const [mine, theirs] = [collect(one.socket), collect(other.socket)]

    one.client.write('first')
    await once(one.socket, 'data')
    other.client.write('other')
    await once(other.socket, 'data')

    expect([String(mine.copies[0]), String(theirs.copies[0])]).toEqual(['first', 'other'])
    expect(mine.chunks[0]!.buffer).toBe(theirs.chunks[0]!.buffer)
    expect(Buffer.from(mine.chunks[0]!).toString()).toBe('other')
  })

  test('reads all of what is more than one read', async () => {
    const { client, socket } = await pair()
    const { copies } = collect(socket)
    const sent = Buffer.alloc(5 * READ_BYTES + 7)
    for (let index = 0; index < sent.length; index++) sent[index] = index % 251

    client.end(sent)
    await once(socket, 'end')

    expect(Buffer.concat(copies).equals(sent)).toBe(true)
  })

  test('does not read before it is told to, nor while it is paused', async () => {
    const { client, socket } = await pair()
    client.write('early')
    const copies: string[] = []
    socket.on('data', (chunk: Uint8Array) => {
      copies.push(Buffer.from(chunk).toString())
      if (copies.length === 1) socket.pause()
    })
    const before = [...copies]

    socket.resume()
    await once(socket, 'data')
    await new Promise<void>(written => client.write('late', () => written()))
    await new Promise(setImmediate) // a turn with a poll phase
    const whilePaused = [...copies]
    socket.resume()
    await once(socket, 'data')

    expect([before, whilePaused, copies]).toEqual([[], ['early'], ['early', 'late']])
  })

  test('can write after the peer has closed its side', async () => {
    const { client, socket } = await pair()
    collect(socket)

    client.end()
    await once(socket, 'end')
    socket.end('answer')
    const [answer] = (await once(client, 'data')) as [Buffer]

    expect(String(answer)).toBe('answer')
  })

  test('knows its peer, and says when it is gone', async () => {
    const { client, socket } = await pair()
    collect(socket)
    socket.on('error', () => {})
    const { remoteAddress, remotePort } = socket

    const closed = new Promise(resolve => socket.on('close', resolve))
    client.resetAndDestroy()
    await closed

    expect([remoteAddress, remotePort]).toEqual(['127.0.0.1', expect.any(Number)])
    expect(socket.destroyed).toBe(true)
  })

  test('is what this version of Node can do', async () => {
    const { isShared } = await pair()

    expect(isShared).toBe(true)
  })
})

test('a socket whose handle cannot do it is left as it is', () => {
  const socket = new Socket()
  sockets.push(socket)

  expect(shareReads(socket)).toBe(false)
})
