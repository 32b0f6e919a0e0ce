import type {
  AcknowledgementProperties,
  AuthProperties,
  ConnackProperties,
  ConnectProperties,
  DisconnectProperties,
  Properties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
  WillProperties,
} from '@curlew/codec'
import fc from 'fast-check'
import { bytes, fourBytes, text, topicName, twoBytes } from './value-arbitraries.ts'

const bit = fc.constantFrom<(0 | 1)[]>(0, 1)
const atLeastOne = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const userProperty: fc.Arbitrary<UserProperty> = fc.tuple(text, text)

/** A value for each property of table 2-4 in section 2.2.2.2. */
const values: { [Name in keyof Properties]-?: fc.Arbitrary<NonNullable<Properties[Name]>> } = {
  payloadFormatIndicator: bit,
  messageExpiryInterval: fourBytes,
  contentType: text,
  responseTopic: topicName,
  correlationData: bytes,
  subscriptionIdentifiers: fc.array(atLeastOne(268_435_455), { minLength: 1, maxLength: 4 }),
  sessionExpiryInterval: fourBytes,
  assignedClientIdentifier: text,
  serverKeepAlive: twoBytes,
  authenticationMethod: text,
  authenticationData: bytes,
  requestProblemInformation: fc.boolean(),
  willDelayInterval: fourBytes,
  requestResponseInformation: fc.boolean(),
  responseInformation: text,
  serverReference: text,
  reasonString: text,
  receiveMaximum: atLeastOne(0xffff),
  topicAliasMaximum: twoBytes,
  topicAlias: atLeastOne(0xffff),
  maximumQoS: bit,
  retainAvailable: fc.boolean(),
  userProperties: fc.array(userProperty, { minLength: 1, maxLength: 4 }),
  maximumPacketSize: atLeastOne(0xffffffff),
  wildcardSubscriptionAvailable: fc.boolean(),
  subscriptionIdentifiersAvailable: fc.boolean(),
  sharedSubscriptionAvailable: fc.boolean(),
}

/** Any of these properties, each there or not. */
function some<Name extends keyof Properties>(...names: Name[]): fc.Arbitrary<Pick<Properties, Name>> {
  const model = Object.fromEntries(names.map(name => [name, values[name]]))
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Pick<Properties, Name>> // a record has what its model has
}

const message = [
  'payloadFormatIndicator',
  'messageExpiryInterval',
  'contentType',
  'responseTopic',
  'correlationData',
  'userProperties',
] as const
const limits = ['sessionExpiryInterval', 'receiveMaximum', 'topicAliasMaximum', 'maximumPacketSize'] as const
const reasons = ['reasonString', 'userProperties'] as const

/** Authentication Data needs a method beside it. */
const withMethod = <T extends AuthProperties>(properties: T): T =>
  properties.authenticationData === undefined || properties.authenticationMethod !== undefined
    ? properties
    : { ...properties, authenticationMethod: 'm' }

const connect: fc.Arbitrary<ConnectProperties> = some(
  ...limits,
  'requestResponseInformation',
  'requestProblemInformation',
  'userProperties',
  'authenticationMethod',
  'authenticationData',
).map(withMethod)
const will: fc.Arbitrary<WillProperties> = some(...message, 'willDelayInterval')
const connack: fc.Arbitrary<ConnackProperties> = some(
  ...limits,
  ...reasons,
  'maximumQoS',
  'retainAvailable',
  'assignedClientIdentifier',
  'wildcardSubscriptionAvailable',
  'subscriptionIdentifiersAvailable',
  'sharedSubscriptionAvailable',
  'serverKeepAlive',
  'responseInformation',
  'serverReference',
  'authenticationMethod',
  'authenticationData',
)
const publish: fc.Arbitrary<PublishProperties> = some(...message, 'topicAlias', 'subscriptionIdentifiers')
const subscribe: fc.Arbitrary<SubscribeProperties> = fc.record(
  { subscriptionIdentifiers: fc.tuple(atLeastOne(268_435_455)), userProperties: values.userProperties },
  { requiredKeys: [] },
)
const unsubscribe: fc.Arbitrary<UnsubscribeProperties> = some('userProperties')
const acknowledgement: fc.Arbitrary<AcknowledgementProperties> = some(...reasons)
const disconnect: fc.Arbitrary<DisconnectProperties> = some(...reasons, 'sessionExpiryInterval', 'serverReference')
const auth: fc.Arbitrary<AuthProperties> = fc
  .tuple(text, some(...reasons, 'authenticationData'))
  .map(([authenticationMethod, others]) => ({ authenticationMethod, ...others }))

/** The properties that each packet, and a Will, may carry. */
export const propertiesIn = {
  connect,
  will,
  connack,
  publish,
  subscribe,
  unsubscribe,
  acknowledgement,
  disconnect,
  auth,
}
