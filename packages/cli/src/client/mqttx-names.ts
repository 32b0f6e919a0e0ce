/**
 * Flags that users of MQTTX know, as ours. Where a name means the same in both, or something else here, it is not in the table.
 */

/** Names with the same meaning and the same value. */
const names: Readonly<Record<string, string>> = {
  '--hostname': '--host',
  '--client-id': '--id',
  '--password': '--pw',
  '--mqtt-version': '--protocol-version',
  '--ca': '--cafile',
  '--alpn': '--tls-alpn',
  '--path': '--ws-path',
  '--no-clean': '--disable-clean-session',
  '--will-message': '--will-payload',
  '--file-read': '--file',
  '--stdin': '--stdin-file',
  '--multiline': '--stdin-line',
  '--no_local': '--no-local',
}

/** Properties that have a flag of their own there: the words that follow `-D` here. */
const properties: Readonly<Record<string, readonly [packet: string, name: string]>> = {
  '--receive-maximum': ['connect', 'receive-maximum'],
  '--maximum-packet-size': ['connect', 'maximum-packet-size'],
  '--topic-alias-maximum': ['connect', 'topic-alias-maximum'],
  '--conn-user-properties': ['connect', 'user-property'],
  '--payload-format-indicator': ['publish', 'payload-format-indicator'],
  '--message-expiry-interval': ['publish', 'message-expiry-interval'],
  '--content-type': ['publish', 'content-type'],
  '--correlation-data': ['publish', 'correlation-data'],
  '--topic-alias': ['publish', 'topic-alias'],
  '--subscription-identifier': ['subscribe', 'subscription-identifier'],
  '--will-delay-interval': ['will', 'will-delay-interval'],
  '--will-payload-format-indicator': ['will', 'payload-format-indicator'],
  '--will-message-expiry-interval': ['will', 'message-expiry-interval'],
  '--will-content-type': ['will', 'content-type'],
  '--will-response-topic': ['will', 'response-topic'],
  '--will-correlation-data': ['will', 'correlation-data'],
  '--will-user-properties': ['will', 'user-property'],
}

/** Flags there that are a value here, or the other way round. */
const phrases: Readonly<Record<string, readonly string[]>> = {
  '--req-response-info': ['-D', 'connect', 'request-response-information', '1'],
  '--no-req-problem-info': ['-D', 'connect', 'request-problem-information', '0'],
}

const protocols: Readonly<Record<string, readonly string[]>> = {
  mqtt: ['--no-tls'],
  mqtts: ['--tls-use-os-certs'],
  ws: ['--ws', '--no-tls'],
  wss: ['--ws', '--tls-use-os-certs'],
}

/**
 * What a flag of MQTTX is here.
 *
 * @param value the word behind the flag, if there is one
 * @param command which of the commands it is for: `--user-properties` and `--response-topic` belong to its packet
 * @returns our words and how many words they stand for, or `undefined` when it is no flag of MQTTX
 */
export function fromMqttx(
  flag: string,
  value: string | undefined,
  command: string,
): { readonly words: readonly string[]; readonly count: 1 | 2 } | undefined {
  const name = own(names, flag)
  if (name !== undefined) return { words: [name], count: 1 }
  const phrase = own(phrases, flag)
  if (phrase !== undefined) return { words: phrase, count: 1 }
  if (value === undefined) return undefined
  const protocol = flag === '--protocol' ? own(protocols, value) : undefined
  if (protocol !== undefined) return { words: protocol, count: 2 }
  const property = own(properties, flag) ?? propertyOf(flag, command)
  return property && { words: ['-D', ...property, ...valuesOf(property[1], value)], count: 2 }
}

function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

function propertyOf(flag: string, command: string): readonly [packet: string, name: string] | undefined {
  if (flag === '--user-properties') return [command === 'sub' ? 'subscribe' : 'publish', 'user-property']
  return flag === '--response-topic' && command === 'pub' ? ['publish', 'response-topic'] : undefined
}

/** MQTTX writes a User Property in one word, `name: value`. */
function valuesOf(property: string, value: string): readonly string[] {
  if (property !== 'user-property') return [value]
  const [, name = value, text = ''] = /^([^:]*):\s*(.*)$/s.exec(value) ?? []
  return [name.trim(), text]
}
