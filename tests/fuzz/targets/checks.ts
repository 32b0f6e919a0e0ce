import { decodePacket, encodePacket, MqttError, type Packet, PacketType, type ProtocolVersion } from '@curlew/codec'
import { bytesOf } from '../../../packages/codec/test/notation.ts'
import { toPlain } from '../../../packages/codec/test/plain.ts'
import { propertyTable } from '../../../packages/codec/test/property-table.ts'

/** What must hold of everything the codec takes, and what inputs are made of. */

export const codecSources = /\/packages\/codec\/src\//

/** A first capacity for each packet in pieces, and doubling: no more than four bytes for one that came. */
export function allocationMax(bytes: number): number {
  return 1024 * (1 + bytes) + 4 * bytes
}

/** @throws {Error} unless what was decoded can be written, and read again as the same */
export function checkRoundTrip(packet: Packet, version: ProtocolVersion): void {
  const spoken = packet.type === PacketType.Connect ? packet.protocolVersion : version
  const again = decodePacket(encodePacket(packet, spoken), {
    receiver: 'any',
    version: spoken,
    allowsControlCharacters: true,
  })
  const [before, after] = [packet, again].map(each => JSON.stringify(toPlain(each)))
  if (before !== after) throw new Error(`${before} was written and read back as ${after}`)
}

/** @returns what `work` returns or the error of ours that it throws; any other is thrown on */
export function resultOf<T>(work: () => T): T | MqttError {
  try {
    return work()
  } catch (error) {
    if (error instanceof MqttError) return error
    throw error
  }
}

export const propertyTokens: readonly Uint8Array[] = propertyTable.map(({ bytes }) => bytesOf(bytes))

export const topicTokens: readonly Uint8Array[] = [
  "'/'",
  "'#'",
  "'+'",
  "'/#'",
  "'+/'",
  "'$share/'",
  "'$share/g/'",
  "'$SYS/'",
  '00',
  'c3a9',
  'efbbbf',
  'eda080',
  'f09f90a6',
].map(bytesOf)
