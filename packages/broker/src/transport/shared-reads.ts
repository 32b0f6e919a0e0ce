import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'

/** Read from one socket at a time, in bytes: packets of 64 KiB mostly come whole, and it is small enough to stay in the cache of a core. */
export const READ_BYTES = 262_144

/** All sockets read into it: a chunk is handled before the next one is read (ADR 0017). */
const readBuffer = new Uint8Array(READ_BYTES)

/** What Node has and does not document: a Socket around the handle of another one. */
interface Handle {
  useUserBuffer?: unknown
}
type HandleOptions = SocketConstructorOpts & ConnectOpts & { handle: Handle }

/**
 * Makes a socket that a server has accepted, paused, emit `data` with views of one buffer that all such sockets share: they are valid
 * during the event only. That saves an allocation of 64 KiB and the layers of a stream per read.
 *
 * Node offers that for sockets that dial, by `onread`; for an accepted one it takes a second Socket around the same handle. Where a
 * version of Node or another runtime has no such handle, the socket is returned as it is, which is slower and otherwise the same.
 */
export function withSharedReads(accepted: Socket): Socket {
  const owner = accepted as unknown as { _handle?: Handle | null }
  const handle = owner._handle
  if (typeof handle?.useUserBuffer !== 'function') return accepted
  owner._handle = null
  accepted.destroy() // without its handle nothing is closed; its server counts it out
  const onread = {
    buffer: readBuffer,
    callback: (length: number) => socket.emit('data', readBuffer.subarray(0, length)),
  }
  const options: HandleOptions = { handle, allowHalfOpen: true, onread }
  const socket = new Socket(options)
  socket.pause()
  return socket
}
