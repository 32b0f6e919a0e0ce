import type { ProtocolVersion } from '@curlew/codec'

/** What comes before the Server closes: since 5.0 a DISCONNECT says why. @param code two hex digits */
export function farewell(version: ProtocolVersion, code: string): string[] {
  return version === 5 ? [`DISCONNECT ${code}`] : []
}
