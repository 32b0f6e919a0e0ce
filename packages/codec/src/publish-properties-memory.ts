import { PacketType } from './packet-type.ts'
import { type PublishProperties, readProperties } from './properties.ts'
import type { PacketReader } from './reader.ts'
import { hashOf, isSame } from './remembered-bytes.ts'

/** Places of the table; a power of two. */
const SLOTS = 64
/** Properties that take more bytes are decoded each time, which bounds the memory at 6 KiB and what they decode to. */
const BYTES_MAX = 32

/**
 * Properties of PUBLISH as they arrive at a Client, with a memory like that of `TopicNames`: the messages of one topic mostly carry the same
 * bytes, an alias and a Subscription Identifier, and an object that is there costs a tenth of one that is decoded
 * (`npm run bench:client`). What is remembered is frozen, as many messages share it.
 */
export class PublishPropertiesMemory {
  readonly #bytes: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined)
  readonly #properties: (PublishProperties | undefined)[] = new Array(SLOTS).fill(undefined)

  /** Reads Property Length and what is behind it. @throws as `readProperties` */
  read(reader: PacketReader): PublishProperties {
    const { bytes, position: start } = reader
    const length = 1 + bytes[start]! // a Property Length of one byte
    if (length === 1 || length > BYTES_MAX || start + length > reader.end)
      return readProperties(reader, PacketType.Publish)
    const slot = hashOf(bytes, start, length) & (SLOTS - 1)
    const known = this.#bytes[slot]
    if (known?.length === length && isSame(known, 0, bytes, start, length)) {
      reader.position = start + length
      return this.#properties[slot]!
    }
    const properties = readProperties(reader, PacketType.Publish)
    if (properties.correlationData !== undefined) return properties // never twice the same
    this.#bytes[slot] = Uint8Array.prototype.slice.call(bytes, start, start + length) // Buffer's own `slice` would be a view
    this.#properties[slot] = Object.freeze(properties)
    return properties
  }
}
