import type { ByteStream } from './byte-stream.ts'
import type { TransportOptions } from './open.ts'
import { opened, subProtocols, type WebSocketLike } from './websocket.ts'

/** The global WebSocket: browsers and workers, Deno, Bun, Node from 22 on. */
type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

/** Opens a stream to a `ws:` or `wss:` URL. @throws {TypeError} for another scheme, or where there is no WebSocket */
export async function openStream(url: URL, _options: TransportOptions, signal: AbortSignal): Promise<ByteStream> {
  const { WebSocket } = globalThis as unknown as { WebSocket?: WebSocketClass }
  if (!WebSocket || !url.protocol.startsWith('ws')) throw new TypeError(`cannot connect to ${url.protocol} from here`)
  return opened(new WebSocket(url.href, subProtocols), signal)
}
