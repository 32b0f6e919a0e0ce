import type {
  ConnectProperties,
  DisconnectProperties,
  PublishProperties,
  SubscribeProperties,
  UnsubscribeProperties,
  UserProperty,
  WillProperties,
} from '@curlew/codec'
import { InvalidArgumentError } from 'commander'
import { nearestName } from '../suggestion.ts'

/** Properties of MQTT 5.0 as `-D` gives them, for each packet. */
export interface PacketProperties {
  connect: ConnectProperties
  publish: PublishProperties
  subscribe: SubscribeProperties
  unsubscribe: UnsubscribeProperties
  disconnect: DisconnectProperties
  will: WillProperties
}
type Place = keyof PacketProperties

interface Kind {
  /** As the codec has it. */
  readonly key: string
  readonly type: 'bit' | 'flag' | 'number' | 'list' | 'text' | 'binary' | 'pair'
  readonly max?: number
  readonly places: readonly Place[]
}

const UINT16 = 0xffff
const UINT32 = 0xffff_ffff
const IDENTIFIER_MAX = 268_435_455

/** The names are those of the specification with hyphens between the words, as in Mosquitto's tools. */
const kinds: Readonly<Record<string, Kind>> = {
  'payload-format-indicator': { key: 'payloadFormatIndicator', type: 'bit', places: ['publish', 'will'] },
  'message-expiry-interval': { key: 'messageExpiryInterval', type: 'number', max: UINT32, places: ['publish', 'will'] },
  'content-type': { key: 'contentType', type: 'text', places: ['publish', 'will'] },
  'response-topic': { key: 'responseTopic', type: 'text', places: ['publish', 'will'] },
  'correlation-data': { key: 'correlationData', type: 'binary', places: ['publish', 'will'] },
  'topic-alias': { key: 'topicAlias', type: 'number', max: UINT16, places: ['publish'] },
  'subscription-identifier': {
    key: 'subscriptionIdentifiers',
    type: 'list',
    max: IDENTIFIER_MAX,
    places: ['subscribe'],
  },
  'session-expiry-interval': {
    key: 'sessionExpiryInterval',
    type: 'number',
    max: UINT32,
    places: ['connect', 'disconnect'],
  },
  'authentication-method': { key: 'authenticationMethod', type: 'text', places: ['connect'] },
  'authentication-data': { key: 'authenticationData', type: 'binary', places: ['connect'] },
  'request-problem-information': { key: 'requestProblemInformation', type: 'flag', places: ['connect'] },
  'request-response-information': { key: 'requestResponseInformation', type: 'flag', places: ['connect'] },
  'receive-maximum': { key: 'receiveMaximum', type: 'number', max: UINT16, places: ['connect'] },
  'topic-alias-maximum': { key: 'topicAliasMaximum', type: 'number', max: UINT16, places: ['connect'] },
  'maximum-packet-size': { key: 'maximumPacketSize', type: 'number', max: UINT32, places: ['connect'] },
  'will-delay-interval': { key: 'willDelayInterval', type: 'number', max: UINT32, places: ['will'] },
  'reason-string': { key: 'reasonString', type: 'text', places: ['disconnect'] },
  'user-property': {
    key: 'userProperties',
    type: 'pair',
    places: ['connect', 'publish', 'subscribe', 'unsubscribe', 'disconnect', 'will'],
  },
}

const places: readonly string[] = kinds['user-property']!.places

/** How many words follow `-D`: packet, name and value, or packet, `user-property`, its name and its value. */
export function propertyWordCount(words: readonly string[]): number {
  return words[1] === 'user-property' ? 4 : 3
}

/**
 * Reads what stands behind each `-D`.
 *
 * @throws {InvalidArgumentError} saying which words cannot be
 */
export function parseProperties(groups: readonly (readonly string[])[]): PacketProperties {
  const all: Record<string, Record<string, unknown>> = Object.fromEntries(places.map(place => [place, {}]))
  for (const words of groups) {
    const [packet = '', name = '', ...values] = words
    const place = packet.toLowerCase()
    const kind = checkedKind(packet, place, name)
    if (words.length < propertyWordCount(words)) throw new InvalidArgumentError(`${packet} ${name} has no value.`)
    const properties = all[place]!
    if (kind.type === 'pair') {
      const pair = values as unknown as UserProperty
      properties[kind.key] = [...((properties[kind.key] as UserProperty[] | undefined) ?? []), pair]
    } else if (kind.key in properties) {
      throw new InvalidArgumentError(`${packet} has ${name} twice.`)
    } else properties[kind.key] = parsedValue(kind, name, values[0]!)
  }
  // Each value has been made as its row of the table says.
  return all as unknown as PacketProperties
}

function checkedKind(packet: string, place: string, name: string): Kind {
  if (!places.includes(place)) {
    throw new InvalidArgumentError(`'${packet}' is no packet that can be given properties: ${places.join(', ')} are.`)
  }
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) {
    const near = nearestName(name, Object.keys(kinds))
    throw new InvalidArgumentError(`There is no property '${name}'${near ? ` (did you mean ${near}?)` : ''}.`)
  }
  if (kind.places.some(allowed => allowed === place)) return kind
  throw new InvalidArgumentError(`${name} does not belong in ${packet}, but in ${kind.places.join(' and ')}.`)
}

function parsedValue({ type, max = 1 }: Kind, name: string, text: string): unknown {
  if (type === 'text') return text
  if (type === 'binary') return Buffer.from(text)
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new InvalidArgumentError(`${name} is a whole number from 0 to ${max}, not ${text}.`)
  if (type === 'list') return [value]
  return type === 'flag' ? value === 1 : value
}
