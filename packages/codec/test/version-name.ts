import type { ProtocolVersion } from '@curlew/codec'

const names: Record<ProtocolVersion, string> = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5.0' }

/** @returns the name of a Protocol Version as people write it */
export function versionName(version: ProtocolVersion): string {
  return names[version]
}
