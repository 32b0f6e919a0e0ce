/** What the built-in transports take beside the URL. Browsers decide about TLS and headers themselves and ignore all of it. */
export interface TransportOptions {
  /**
   * Options of Node's `tls.connect`, such as `ca`, `cert`, `key`, `servername`, `ALPNProtocols`. The Server's certificate is
   * verified unless `rejectUnauthorized` is `false`.
   */
  tls?: Readonly<Record<string, unknown>> | undefined
  /** Headers of the WebSocket's HTTP request; in Node with the package `ws` only. */
  headers?: Readonly<Record<string, string>> | undefined
}
