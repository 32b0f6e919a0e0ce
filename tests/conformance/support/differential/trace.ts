import { type Packet, PacketType } from '@curlew/codec'
import { packetText } from '../../../../packages/broker/test/support/packet-text.ts'

/** Traces in the form in which those of two brokers can be compared: what the standard leaves to the Server is left out. */

/**
 * A packet in one line without the Packet Identifiers that the broker chooses, the properties of CONNACK, which say what a
 * Server can do, and Reason Strings. The seconds that a message has waited do not count.
 */
export function lineOf(packet: Packet): string {
  if (packet.type === PacketType.Pubrel) return packetText(packet).replace(/^PUBREL \d+/, 'PUBREL')
  if (packet.type !== PacketType.Publish) return packetText(packet)
  const { topic, payload, qos, retain, dup, properties } = packet
  const words = [`PUBLISH ${topic} '${Buffer.from(payload)}' qos ${qos}`]
  if (retain) words.push('retain')
  if (dup) words.push('dup')
  for (const name of Object.keys(properties).sort()) {
    const value = properties[name as keyof typeof properties]
    if (value !== undefined) words.push(`${name}=${valueText(name, value)}`)
  }
  return words.join(' ')
}

function valueText(name: string, value: unknown): string {
  if (name === 'messageExpiryInterval') return 'some'
  if (name === 'subscriptionIdentifiers') return String((value as number[]).toSorted())
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value)
}

/**
 * What one client got in one step, normalised: answers to its own packets stand before what others have sent, No matching
 * subscribers is the same as Success, a DISCONNECT of the Server before it closes is optional, and the retained messages of
 * several topics have no order.
 */
export function normalised(lines: readonly string[]): string[] {
  const kept = lines.filter(line => !line.startsWith('DISCONNECT'))
  const answers = kept.filter(isAnswer).map(line => line.replace(/^(PUBACK|PUBREC) (\d+) 10$/, '$1 $2'))
  return [...answers, ...sortedRuns(kept.filter(line => !isAnswer(line)))]
}

function isAnswer(line: string): boolean {
  return /^(CONNACK|PUBACK|PUBREC|PUBCOMP|SUBACK|UNSUBACK)/.test(line)
}

function isRetained(line = ''): boolean {
  return line.startsWith('PUBLISH') && line.includes(' retain')
}

function sortedRuns(lines: readonly string[]): string[] {
  const runs: string[][] = []
  for (const line of lines) {
    const run = runs.at(-1)
    if (isRetained(line) && isRetained(run?.[0])) run!.push(line)
    else runs.push([line])
  }
  return runs.flatMap(run => run.toSorted())
}
