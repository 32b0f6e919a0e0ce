/** MQTT 5.0, 3.1.1 and 3.1 on the wire: bytes to Control Packets and back. No I/O, no clock, no dependency. */
export { ClientDecoder } from './client-decoder.ts'
export { type ClientPacket, writeClientPacket } from './client-encoder.ts'
export { ConnackReturnCode, connackReturnCodeOf } from './connack-return-code.ts'
export { decodePacket, PacketDecoder } from './decoder.ts'
export { encodePacket, writePacket } from './encoder.ts'
export {
  InvalidPacketError,
  MalformedPacketError,
  MqttError,
  PacketTooLargeError,
  ProtocolError,
  type Statement,
  UnsupportedProtocolVersionError,
} from './errors.ts'
export type { Packet } from './packet.ts'
export { PacketType, type ProtocolVersion, packetTypeName, type QoS } from './packet-type.ts'
export type { Auth } from './packets/auth.ts'
export type { Connack } from './packets/connack.ts'
export type { Connect, Will } from './packets/connect.ts'
export type { Disconnect } from './packets/disconnect.ts'
export { type Pingreq, type Pingresp, writePing } from './packets/ping.ts'
export {
  DecodedPublish,
  emptyPublishHeader,
  encodePublishProperties,
  type Publish,
  type PublishContent,
  type PublishHeader,
  publishSize,
  readPublishProperties,
  writePublish,
  writePublishHead,
  writePublishPacket,
} from './packets/publish.ts'
export {
  type Puback,
  type Pubcomp,
  type PublishAck,
  type PublishAckType,
  type Pubrec,
  type Pubrel,
  writeShortAck,
} from './packets/publish-ack.ts'
export type { Suback } from './packets/suback.ts'
export type { RetainHandling, Subscribe, SubscriptionRequest } from './packets/subscribe.ts'
export type { Unsuback } from './packets/unsuback.ts'
export type { Unsubscribe } from './packets/unsubscribe.ts'
export {
  type AcknowledgementProperties,
  type AuthProperties,
  type ConnackProperties,
  type ConnectProperties,
  type DisconnectProperties,
  noProperties,
  type Properties,
  type PublishProperties,
  type SubscribeProperties,
  type UnsubscribeProperties,
  USER_PROPERTIES_MAX,
  type UserProperty,
  type WillProperties,
} from './properties.ts'
export { PublishForms } from './publish-forms.ts'
export { PacketReader } from './reader.ts'
export { isFailure, isReasonCodeOf, ReasonCode, reasonCodeName } from './reason-code.ts'
export { ReusingDecoder } from './reusing-decoder.ts'
export type { PacketDecoderOptions } from './stream-decoder.ts'
export {
  countTopicLevels,
  hasWildcards,
  isSharedFilter,
  isTopicFilter,
  parseSharedFilter,
  type SharedFilter,
  TOPIC_LEVELS_MAX,
} from './topic.ts'
export { TopicNames } from './topic-names.ts'
export { isWellFormedUtf8 } from './utf8.ts'
export { VARIABLE_BYTE_INTEGER_MAX, variableByteIntegerSize } from './variable-byte-integer.ts'
export { PacketWriter } from './writer.ts'
