import type { ProtocolVersion } from '@curlew/codec'
import { versionName } from '../../../codec/test/version-name.ts'

/** A version of the protocol, for tables of tests: `describe.each(versions)('in %s', ({ version }) => …)`. */
export class Version {
  readonly version: ProtocolVersion

  constructor(version: ProtocolVersion) {
    this.version = version
  }

  toString(): string {
    return versionName(this.version)
  }
}

export const v31: Version = new Version(3)
export const v311: Version = new Version(4)
export const v5: Version = new Version(5)

/** Those that have normative statements. */
export const versions: readonly Version[] = [v311, v5]
export const allVersions: readonly Version[] = [v31, v311, v5]
