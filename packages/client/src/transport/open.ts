import type { DuplexLike } from './duplex-stream.ts'

/** What the built-in transports take beside the URL. Browsers decide about TLS and headers themselves and ignore all of it. */
export interface TransportOptions {
  /**
   * Options of Node's `tls.connect`, such as `ca`, `cert`, `key`, `servername`, `ALPNProtocols`. The Server's certificate is
   * verified unless `rejectUnauthorized` is `false`.
   */
  tls?: Readonly<Record<string, unknown>> | undefined
  /** Headers of the WebSocket's HTTP request; in Node with the package `ws` only. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Opens the connections under TLS and WebSocket. Default: Node's `net.connect`. For WebSocket, with the package `ws` only. */
  dial?: Dial | undefined
  /** Told the keys of TLS, a line at a time, for whoever looks at the packets. For WebSocket, with the package `ws` only. */
  onKeylog?: ((line: Uint8Array) => void) | undefined
}

/**
 * Opens a connection to a Server: through a proxy, over a Unix domain socket, from one of several networks. TLS and WebSocket go on top
 * of it as on any other.
 *
 * @param to where the URL says that the Server is; the name has not been looked up, an IPv6 address has no brackets
 * @param signal fires when the attempt is given up
 * @returns a Duplex of Node's that is open, such as a `Socket`
 */
export type Dial = (to: { readonly host: string; readonly port: number }, signal: AbortSignal) => Promise<DuplexLike>
