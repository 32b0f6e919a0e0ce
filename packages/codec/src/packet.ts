import type { Auth } from './packets/auth.ts'
import type { Connack } from './packets/connack.ts'
import type { Connect } from './packets/connect.ts'
import type { Disconnect } from './packets/disconnect.ts'
import type { Pingreq, Pingresp } from './packets/ping.ts'
import type { Publish } from './packets/publish.ts'
import type { Puback, Pubcomp, Pubrec, Pubrel } from './packets/publish-ack.ts'
import type { Suback } from './packets/suback.ts'
import type { Subscribe } from './packets/subscribe.ts'
import type { Unsuback } from './packets/unsuback.ts'
import type { Unsubscribe } from './packets/unsubscribe.ts'

export { PacketType, type ProtocolVersion, type QoS } from './packet-type.ts'

/** Any MQTT Control Packet, told apart by `type`. */
export type Packet =
  | Connect
  | Connack
  | Publish
  | Puback
  | Pubrec
  | Pubrel
  | Pubcomp
  | Subscribe
  | Suback
  | Unsubscribe
  | Unsuback
  | Pingreq
  | Pingresp
  | Disconnect
  | Auth
