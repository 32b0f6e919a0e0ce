import { type Packet, PacketDecoder, type PacketDecoderOptions } from '@curlew/codec'

/** @returns the packets that come out when the stream arrives in chunks that end at `ends`, and at its end */
export function decodeSplit(bytes: Uint8Array, ends: Iterable<number>, options: PacketDecoderOptions): Packet[] {
  const decoder = new PacketDecoder(options)
  const packets: Packet[] = []
  let start = 0
  for (const end of [...ends, bytes.length]) {
    decoder.push(bytes.subarray(start, end))
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet)
    start = end
  }
  return packets
}

/** @returns the offsets 1, 2, 3, … that split `bytes` into single ones */
export function everyByte(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1)
}
