import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Dial } from '@curlew/client'
import type { ClientFlags } from './client-flags.ts'
import { dialThrough, parseProxy } from './proxy.ts'

/**
 * The way to the Server that the flags stand for: straight, from one of this machine's addresses, through a proxy, or over a Unix
 * domain socket.
 *
 * @throws {CommandError} when the proxy is no URL
 */
export function dialer({ bind, proxy, unix }: ClientFlags): Dial {
  const from = bind === undefined ? {} : { localAddress: bind }
  if (unix !== undefined) return (_, signal) => openSocket({ path: unix }, signal)
  if (proxy === undefined) return (to, signal) => openSocket({ ...to, ...from }, signal)
  const way = parseProxy(proxy)
  const open = (signal: AbortSignal) => openSocket({ host: way.host, port: way.port, ...from }, signal)
  return (to, signal) => dialThrough(way, to, open, signal)
}

function openSocket(place: NetConnectOpts, signal: AbortSignal): Promise<Socket> {
  const socket = connect(place)
  socket.setNoDelay(true)
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      signal.removeEventListener('abort', giveUp)
      resolve(socket)
    })
  })
}
