/** An MQTT 5.0 and 3.1.1 Client for Node and browsers. */
export { Backoff, type ReconnectOptions } from './backoff.ts'
export { Client } from './client.ts'
export type { ClientEvents, ClientState } from './client-events.ts'
export { connect } from './connect.ts'
export type { AuthenticationExchange, AuthenticationMethod } from './enhanced-auth.ts'
export { ClientError, type ClientErrorCode, type ClientErrorDetails } from './error.ts'
export type { ReceivedMessage } from './message.ts'
export type { CloseOptions, ConnectOptions, Credentials, WillOptions } from './options.ts'
export type { Outbox, OutboxContents, StoredMessage } from './outbox.ts'
export type { Payload, PublishOptions, PublishResult } from './publish-options.ts'
export type { ReauthenticateOptions } from './reauthenticate.ts'
export { type Response, request, type ServeOptions, serve } from './request-response.ts'
export type { RequestOptions } from './requester.ts'
export { type ClientRuntime, hostRuntime } from './runtime.ts'
export type { MessageHandler, SubscribeOptions, Subscription } from './subscription.ts'
export type { ByteStream, ByteStreamHandler, Transport } from './transport/byte-stream.ts'
export { type DuplexLike, duplexStream } from './transport/duplex-stream.ts'
export type { Dial, TransportOptions } from './transport/open.ts'
export {
  binary,
  type Codec,
  json,
  type ParameterNames,
  type Parameters,
  type SchemaResult,
  type StandardSchema,
  type TypedHandler,
  type TypedMessage,
  type TypedTopic,
  text,
  topic,
} from './typed-topic.ts'
