import type { AddressInfo, Server } from 'node:net'

const LOOPBACK = '127.0.0.1'

/** Has a TCP server listen on a free port of the loopback. @returns its URL */
export async function listenOnLoopback(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, LOOPBACK, resolve)
  })
  const { port } = server.address() as AddressInfo // A TCP server that listens has an AddressInfo.
  return `mqtt://${LOOPBACK}:${port}`
}

/** Resolves when a server has let go of its port and its last connection. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise<void>(resolve => server.close(() => resolve()))
}
