/** The API of MQTT.js 5 on Curlew's client. */
import { connect, connectAsync } from './connect.ts'
import { ErrorWithReasonCode } from './errors.ts'
import { MqttClient } from './mqtt-client.ts'

export type {
  ClientSubscribeCallback,
  IClientPublishOptions,
  IDisconnectOptions,
  ISubscriptionGrant,
  PacketCallback,
} from './call-arguments.ts'
export type { IClientOptions } from './options.ts'
export type { IConnackPacket, IPublishPacket, Packet, PacketProperties, UserProperties } from './packets.ts'
export type { SubscribeArguments as IClientSubscribeOptions, TopicObject } from './subscribe-arguments.ts'
export { connect, connectAsync, ErrorWithReasonCode, MqttClient, MqttClient as Client }

interface MqttModule {
  readonly connect: typeof connect
  readonly connectAsync: typeof connectAsync
  readonly MqttClient: typeof MqttClient
  readonly Client: typeof MqttClient
  readonly ErrorWithReasonCode: typeof ErrorWithReasonCode
}

const mqtt: MqttModule = { connect, connectAsync, MqttClient, Client: MqttClient, ErrorWithReasonCode }
export default mqtt
