import type { ProtocolVersion } from './packet-type.ts'
import { type PublishContent, type PublishHeader, publishFirstByte, writePublish } from './packets/publish.ts'
import { PacketWriter } from './writer.ts'

/** One form of a message; there is one of these for each version and QoS. */
interface Form {
  /** The message that was encoded last. */
  content: PublishContent | undefined
  /** Of its fixed header: RETAIN and DUP differ too. */
  firstByte: number
  /** Where it was encoded to be copied. */
  readonly writer: PacketWriter
  /** The packet there. */
  packet: Uint8Array
  /** Offset of the Packet Identifier in it. */
  packetIdOffset: number
}

const noBytes = new Uint8Array(0)

/** A larger packet is encoded for each receiver: its properties must be huge, as large payloads are not copied at all, and that is rare. */
const KEPT_BYTES_MAX = 65_536

/**
 * Writes PUBLISH packets. A message that goes to several receivers in a row is encoded once more in each form, from the second on, and
 * then copied with another Packet Identifier: a third of the time of encoding it for each, with 1 KiB a quarter (bench/macro:
 * fan-out). Receivers who get properties of their own, such as a Topic Alias, are left out.
 *
 * It keeps alive the last message, and in each form the last that was copied.
 */
export class PublishForms {
  /** QoS 0, 1 and 2 below 5.0, then of 5.0. */
  readonly #forms: Form[] = Array.from({ length: 6 }, emptyForm)
  /** Whose first receiver is served already. */
  #last: PublishContent | undefined

  /** @param content what it was at an earlier call with the same object. @throws as {@link writePublish} */
  write(writer: PacketWriter, content: PublishContent, header: PublishHeader, version: ProtocolVersion): void {
    // Most messages have one receiver, and for those this is all that there is to do.
    const isFirst = this.#last !== content
    this.#last = content
    if (isFirst || hasOwnProperties(header)) return writePublish(writer, content, header, version)
    const index = version === 5 ? 3 + header.qos : header.qos
    const form = this.#forms[index]!
    if (form.content !== content || form.firstByte !== publishFirstByte(header)) encode(form, content, header, version)
    copy(form, header, writer)
    if (form.packet.length > KEPT_BYTES_MAX) this.#forms[index] = emptyForm()
  }
}

function emptyForm(): Form {
  const writer = new PacketWriter(0)
  return { content: undefined, firstByte: 0, writer, packet: noBytes, packetIdOffset: 0 }
}

function hasOwnProperties(header: PublishHeader): boolean {
  const { topicAlias, omitsTopic, messageExpiryInterval, subscriptionIdentifiers } = header
  return topicAlias !== 0 || omitsTopic || messageExpiryInterval !== undefined || subscriptionIdentifiers.length > 0
}

function encode(form: Form, content: PublishContent, header: PublishHeader, version: ProtocolVersion): void {
  const { writer } = form
  writer.position = 0
  writePublish(writer, content, header, version)
  const packet = writer.bytes.subarray(0, writer.position)
  let at = 1
  while (packet[at]! > 127) at++ // Remaining Length
  const topicLength = (packet[at + 1]! << 8) | packet[at + 2]!
  form.content = content
  form.firstByte = publishFirstByte(header)
  form.packet = packet
  form.packetIdOffset = at + 3 + topicLength
}

/** Calls the host even for a few bytes: the view that it needs is there. */
function copy({ packet, packetIdOffset }: Form, { qos, packetId }: PublishHeader, writer: PacketWriter): void {
  writer.ensure(packet.length)
  const { bytes, position } = writer
  bytes.set(packet, position)
  if (qos > 0) {
    bytes[position + packetIdOffset] = packetId >>> 8
    bytes[position + packetIdOffset + 1] = packetId
  }
  writer.position = position + packet.length
}
