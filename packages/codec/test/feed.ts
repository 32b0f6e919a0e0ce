import { type Packet, PacketDecoder, type PacketDecoderOptions } from '@curlew/codec'

/** @returns the packets that come out when the stream arrives in chunks that end at `ends`, and at its end */
export function decodeSplit(
  bytes: Uint8Array,
  ends: Iterable<number>,
  options: PacketDecoderOptions,
  Decoder = PacketDecoder,
): Packet[] {
  const packets: Packet[] = []
  eachOfSplit(bytes, ends, new Decoder(options), packet => packets.push(packet))
  return packets
}

/** Decodes as {@link decodeSplit} does. @param take gets each packet before the next one is read */
export function eachOfSplit(
  bytes: Uint8Array,
  ends: Iterable<number>,
  decoder: PacketDecoder,
  take: (packet: Packet) => void,
): void {
  let start = 0
  for (const end of [...ends, bytes.length]) {
    decoder.push(bytes.subarray(start, end))
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) take(packet)
    start = end
  }
}

/** @returns the offsets 1, 2, 3, … that split `bytes` into single ones */
export function everyByte(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1)
}
