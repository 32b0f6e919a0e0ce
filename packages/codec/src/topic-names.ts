import { MalformedPacketError } from './errors.ts'
import type { PacketReader } from './reader.ts'
import { StringTable } from './string-table.ts'
import { hasWildcards, topicNameFault } from './topic.ts'

/** Names that are remembered by default: as many as a Server remembers the receivers of. With what they need about 12 MiB. */
const NAMES_MAX = 50_000
/** Bytes of all names that are remembered: 80 for each, if there are so many. */
const BYTES_MAX = 4_194_304
/** Longer names are decoded each time: they are rare. Bytes. */
const NAME_LENGTH_MAX = 256

/**
 * Topic Names as they arrive, from bytes to strings, with a memory: a publisher repeats its names, and
 * finding the string that the same bytes gave before is several times cheaper than decoding and checking them.
 * The same string object also makes the router's lookup cheap.
 *
 * The memory is as large as the names that came since it was last full. Decoders may share one if they have the same rule for
 * control characters.
 */
export class TopicNames {
  readonly #known: StringTable

  /** @param namesMax how many names are remembered */
  constructor(namesMax: number = NAMES_MAX) {
    this.#known = new StringTable({ stringsMax: namesMax, bytesMax: BYTES_MAX })
  }

  /** Whether a string may be a Topic Name: at least one character, no wildcards, no U+0000. */
  static isValid(name: string): boolean {
    return topicNameFault(name) === undefined
  }

  /**
   * Reads a UTF-8 Encoded String that must be a Topic Name. An empty one is returned as such: with a
   * Topic Alias it is allowed.
   *
   * @throws {MalformedPacketError} when it is not UTF-8 or holds wildcards
   */
  read(reader: PacketReader): string {
    const length = reader.twoByteInteger()
    if (length === 0) return ''
    if (length > NAME_LENGTH_MAX) return this.#decode(reader)
    const { bytes } = reader
    const start = reader.advance(length)
    const known = this.#known.find(bytes, start, length)
    if (known !== undefined) return known
    reader.position = start
    const name = this.#decode(reader)
    this.#known.add(name, bytes, start, length)
    return name
  }

  /** The slow way, with the cursor behind the length field. */
  #decode(reader: PacketReader): string {
    reader.position -= 2
    const name = reader.utf8String()
    if (hasWildcards(name)) throw new MalformedPacketError('Topic Name contains a wildcard', '[MQTT-3.3.2-2]')
    return name
  }
}
