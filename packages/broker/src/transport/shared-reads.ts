import { Socket } from 'node:net'

/** Read from one socket at a time, in bytes: packets of 64 KiB mostly come whole, and it is small enough to stay in the cache of a core. */
export const READ_BYTES = 262_144

/** All sockets read into it: a chunk is handled before the next one is read (ADR 0017). A Buffer, so that views of it decode strings. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)

/** Where Node keeps what `onread` of `net.connect` has been given; it has no public name. */
const [bufferKey, callbackKey] = ['kBuffer', 'kBufferCb'].map(name =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
)

interface SharingSocket {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void } | null
  [key: symbol]: unknown
}

/**
 * Makes a socket that a server has accepted, paused, emit `data` with views of one buffer that all such sockets share: they are valid
 * during the event only. That saves an allocation of 64 KiB and the layers of a stream per read.
 *
 * Node offers that for sockets that dial, by `onread`; for an accepted one we do what its constructor would have done (ADR 0020). Where a
 * version of Node or another runtime has it otherwise, the socket stays as it is, which is slower and otherwise the same.
 *
 * @returns whether it could be done
 */
export function shareReads(accepted: Socket): boolean {
  const socket = accepted as unknown as SharingSocket
  const handle = socket._handle
  if (typeof handle?.useUserBuffer !== 'function') return false
  if (bufferKey === undefined || callbackKey === undefined) return false
  socket[bufferKey] = readBuffer
  socket[callbackKey] = emitData
  handle.useUserBuffer(readBuffer)
  return true
}

/** One function for all sockets, which Node calls as a method of the socket: of idle ones there are many. */
function emitData(this: Socket, length: number): void {
  this.emit('data', readBuffer.subarray(0, length))
}
