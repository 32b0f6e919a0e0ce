import { frame, withPropertyLength } from './frame.ts'
import { bytesOf } from './notation.ts'

/** A UTF-8 Encoded String's place in a packet. */
export interface StringField {
  readonly name: string
  readonly version: 4 | 5
  /** @param string in the notation of bytes, without its length */
  readonly packet: (string: string) => Uint8Array
}

const prefixed = (string: string): string => `${bytesOf(string).length.toString(16).padStart(4, '0')} ${string}`

const field = (name: string, version: 4 | 5, firstByte: string, body: (string: string) => string): StringField => ({
  name,
  version,
  packet: string => frame(firstByte, body(prefixed(string))),
})

/** Every field that must be a UTF-8 Encoded String. */
export const stringFields: readonly StringField[] = [
  field('a Client Identifier', 4, '10', text => `0004 'MQTT' 04 02 0000 ${text}`),
  field('a User Name', 4, '10', text => `0004 'MQTT' 04 82 0000 0000 ${text}`),
  field('a Will Topic', 4, '10', text => `0004 'MQTT' 04 06 0000 0000 ${text} 0000`),
  field('a Topic Name', 4, '30', text => `${text} 'payload'`),
  field('a Topic Name', 5, '30', text => `${text} 00 'payload'`),
  field('a Topic Filter of SUBSCRIBE', 4, '82', text => `0001 ${text} 00`),
  field('a Topic Filter of UNSUBSCRIBE', 4, 'a2', text => `0001 ${text}`),
  field('a Content Type', 5, '30', text => `0001 'a' ${withPropertyLength(`03 ${text}`)}`),
  field('a Response Topic', 5, '30', text => `0001 'a' ${withPropertyLength(`08 ${text}`)}`),
  field("a User Property's name", 5, '30', text => `0001 'a' ${withPropertyLength(`26 ${text} 0000`)}`),
  field("a User Property's value", 5, '30', text => `0001 'a' ${withPropertyLength(`26 0000 ${text}`)}`),
  field('an Authentication Method', 5, 'f0', text => `18 ${withPropertyLength(`15 ${text}`)}`),
  field('a Reason String', 5, '40', text => `0001 00 ${withPropertyLength(`1f ${text}`)}`),
  field('a Server Reference', 5, 'e0', text => `00 ${withPropertyLength(`1c ${text}`)}`),
  field('an Assigned Client Identifier', 5, '20', text => `00 00 ${withPropertyLength(`12 ${text}`)}`),
  field('Response Information', 5, '20', text => `00 00 ${withPropertyLength(`1a ${text}`)}`),
]

/** Every field that is bytes, whatever they say. */
export const byteFields: readonly StringField[] = [
  field('a Password', 4, '10', bytes => `0004 'MQTT' 04 c2 0000 0000 0000 ${bytes}`),
  field('a Will Payload', 4, '10', bytes => `0004 'MQTT' 04 06 0000 0000 0001 'w' ${bytes}`),
  field('Correlation Data', 5, '30', bytes => `0001 'a' ${withPropertyLength(`09 ${bytes}`)}`),
  field('Authentication Data', 5, 'f0', bytes => `18 ${withPropertyLength(`15 0000 16 ${bytes}`)}`),
  { name: 'a payload', version: 4, packet: bytes => frame('30', `0001 'a' ${bytes}`) },
]
