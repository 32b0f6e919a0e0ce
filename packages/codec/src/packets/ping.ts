import { PacketType } from '../packet-type.ts'
import type { PacketWriter } from '../writer.ts'

/** PINGREQ, section 3.12. Sent by a Client. */
export interface Pingreq {
  readonly type: typeof PacketType.Pingreq
}
/** PINGRESP, section 3.13. Sent by a Server. */
export interface Pingresp {
  readonly type: typeof PacketType.Pingresp
}

const pingreq: Pingreq = Object.freeze({ type: PacketType.Pingreq })
const pingresp: Pingresp = Object.freeze({ type: PacketType.Pingresp })

/** @returns always the same object: a ping says nothing but that it came; the decoder has seen that it has no body */
export function decodePing<Ping extends Pingreq | Pingresp>(type: Ping['type']): Ping {
  return (type === PacketType.Pingreq ? pingreq : pingresp) as Ping // the one whose type it is
}

export function writePing(writer: PacketWriter, type: Pingreq['type'] | Pingresp['type']): void {
  writer.startSized(type << 4, 0)
}
