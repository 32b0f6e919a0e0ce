import { isLoopback } from './listener.ts'

/**
 * Whether a web page may open a WebSocket, going by the `Origin` that its browser sends. Programs send none and are let in.
 *
 * A browser connects to this machine for any page that asks, so an open broker on loopback would be open to
 * every page its user visits. Therefore pages of this machine only, unless more are named.
 *
 * @param origin the header, such as `https://example.org`
 * @param host the address that the listener listens on
 * @param allowed origins, or `*` for all; `undefined`: those of this machine, or all where the listener is open to others anyway
 */
export function isOriginAllowed(origin: string | undefined, host: string, allowed?: readonly string[]): boolean {
  if (origin === undefined) return true
  if (allowed !== undefined) return allowed.includes('*') || allowed.includes(origin)
  return !isLoopback(host) || isLoopback(hostOf(origin))
}

/** The host of an origin without brackets; empty for `null`, which pages without a place of their own send. */
function hostOf(origin: string): string {
  if (!URL.canParse(origin)) return ''
  return new URL(origin).hostname.replace(/^\[|\]$/g, '')
}
