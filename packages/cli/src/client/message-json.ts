import type { PublishProperties } from '@curlew/codec'
import { formatJson, jsonString } from './json-text.ts'
import type { PrintedMessage } from './printed-message.ts'
import { strftime } from './strftime.ts'

/**
 * A message with everything that is known of it, as JSON in the form that Mosquitto's tools print.
 *
 * @param isJson whether the payload is JSON itself, rather than text to be quoted
 * @throws {SyntaxError} when it is to be JSON and is not
 */
export function messageJson(message: PrintedMessage, isJson: boolean, isPretty: boolean): string {
  const { topic, qos, retain, packetId, payload, properties } = message
  const members: [name: string, json: string][] = [
    ['tst', jsonString(timestamp(message))],
    ['topic', jsonString(topic)],
    ['qos', `${qos}`],
    ['retain', retain ? '1' : '0'],
    ['payloadlen', `${payload.length}`],
  ]
  if (qos > 0) members.push(['mid', `${packetId}`])
  const known = propertiesJson(properties)
  if (known !== '{}') members.push(['properties', known])
  const text = payload.toString()
  if (payload.length === 0) members.push(['payload', 'null'])
  else members.push(['payload', isJson ? checked(text) : jsonString(text)])
  return formatJson(object(members), isPretty)
}

/** Such as 2026-05-06T21:48:00.000000Z+0200: the Z is a slip of Mosquitto's that programs know by now. */
function timestamp({ arrival: { date, nanoseconds } }: PrintedMessage): string {
  const microseconds = String(Math.floor(nanoseconds / 1000)).padStart(6, '0')
  return `${strftime('F', date)}T${strftime('T', date)}.${microseconds}Z${strftime('z', date)}`
}

/** In the order in which Curlew sends them. */
function propertiesJson(properties: PublishProperties): string {
  const members: [name: string, json: string][] = []
  const add = (name: string, json: string | undefined): void => {
    if (json !== undefined) members.push([name, json])
  }
  const { correlationData, userProperties } = properties
  add('payload-format-indicator', properties.payloadFormatIndicator?.toString())
  add('content-type', quoted(properties.contentType))
  add('response-topic', quoted(properties.responseTopic))
  add('correlation-data', correlationData && jsonString(Buffer.from(correlationData).toString()))
  if (userProperties && userProperties.length > 0) {
    add('user-properties', object(userProperties.map(([name, value]) => [name, jsonString(value)])))
  }
  add('message-expiry-interval', properties.messageExpiryInterval?.toString())
  for (const identifier of properties.subscriptionIdentifiers ?? []) add('subscription-identifier', `${identifier}`)
  add('topic-alias', properties.topicAlias?.toString())
  return object(members)
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : jsonString(text)
}

/** Names may occur twice, which an object of JavaScript would not keep. */
function object(members: readonly (readonly [name: string, json: string])[]): string {
  return `{${members.map(([name, json]) => `${jsonString(name)}:${json}`).join(',')}}`
}

/** The payload as it stands, once it is known to be JSON: it could otherwise close the object around it. */
function checked(text: string): string {
  JSON.parse(text)
  return text
}
