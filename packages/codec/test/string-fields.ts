import { frame, withPropertyLength } from './frame.ts'
import { bytesOf } from './notation.ts'

/** A UTF-8 Encoded String's place in a packet. */
export interface StringField {
  /** With the statement that it is a UTF-8 Encoded String, where one of its own says so. */
  readonly name: string
  readonly version: 4 | 5
  /** What a string that is none is answered with. */
  readonly reasonCode: number
  /** @param string in the notation of bytes, without its length */
  readonly packet: (string: string) => Uint8Array
}

const prefixed = (string: string): string => `${bytesOf(string).length.toString(16).padStart(4, '0')} ${string}`

type Build = (string: string) => string

function field(name: string, version: 4 | 5, firstByte: string, body: Build, reasonCode = 0x81): StringField {
  return { name, version, reasonCode, packet: string => frame(firstByte, body(prefixed(string))) }
}

/** A property that ends its packet. */
function property(name: string, firstByte: string, before: string, value: Build): StringField {
  return field(name, 5, firstByte, text => `${before} ${withPropertyLength(value(text))}`)
}

/** Every field that must be a UTF-8 Encoded String. */
export const stringFields: readonly StringField[] = [
  field('[MQTT3-3.1.3-4] a Client Identifier', 4, '10', text => `0004 'MQTT' 04 02 0000 ${text}`),
  field('[MQTT-3.1.3-4] a Client Identifier', 5, '10', text => `0004 'MQTT' 05 02 0000 00 ${text}`, 0x85),
  field('[MQTT3-3.1.3-11] a User Name', 4, '10', text => `0004 'MQTT' 04 82 0000 0000 ${text}`),
  field('[MQTT-3.1.3-12] a User Name', 5, '10', text => `0004 'MQTT' 05 82 0000 00 0000 ${text}`),
  field('[MQTT3-3.1.3-10] a Will Topic', 4, '10', text => `0004 'MQTT' 04 06 0000 0000 ${text} 0000`),
  field('[MQTT-3.1.3-11] a Will Topic', 5, '10', text => `0004 'MQTT' 05 06 0000 00 0000 00 ${text} 0000`),
  field('[MQTT3-3.3.2-1] a Topic Name', 4, '30', text => `${text} 'payload'`),
  field('[MQTT-3.3.2-1] a Topic Name', 5, '30', text => `${text} 00 'payload'`),
  field('[MQTT3-3.8.3-1] a Topic Filter of SUBSCRIBE', 4, '82', text => `0001 ${text} 00`),
  field('[MQTT-3.8.3-1] a Topic Filter of SUBSCRIBE', 5, '82', text => `0001 00 ${text} 00`),
  field('[MQTT3-3.10.3-1] a Topic Filter of UNSUBSCRIBE', 4, 'a2', text => `0001 ${text}`),
  field('[MQTT-3.10.3-1] a Topic Filter of UNSUBSCRIBE', 5, 'a2', text => `0001 00 ${text}`),
  property('[MQTT-3.3.2-19] a Content Type', '30', "0001 'a'", text => `03 ${text}`),
  property('[MQTT-3.3.2-13] a Response Topic', '30', "0001 'a'", text => `08 ${text}`),
  property("[MQTT-1.5.7-1] a User Property's name", '30', "0001 'a'", text => `26 ${text} 0000`),
  property("[MQTT-1.5.7-1] a User Property's value", '30', "0001 'a'", text => `26 0000 ${text}`),
  property('an Authentication Method', 'f0', '18', text => `15 ${text}`),
  property('a Reason String', '40', '0001 00', text => `1f ${text}`),
  property('a Server Reference', 'e0', '00', text => `1c ${text}`),
  property('an Assigned Client Identifier', '20', '00 00', text => `12 ${text}`),
  property('Response Information', '20', '00 00', text => `1a ${text}`),
]

/** Every field that is bytes, whatever they say. */
export const byteFields: readonly StringField[] = [
  field('a Password', 4, '10', bytes => `0004 'MQTT' 04 c2 0000 0000 0000 ${bytes}`),
  field('a Will Payload', 4, '10', bytes => `0004 'MQTT' 04 06 0000 0000 0001 'w' ${bytes}`),
  field('Correlation Data', 5, '30', bytes => `0001 'a' ${withPropertyLength(`09 ${bytes}`)}`),
  field('Authentication Data', 5, 'f0', bytes => `18 ${withPropertyLength(`15 0000 16 ${bytes}`)}`),
  { name: 'a payload', version: 4, reasonCode: 0x81, packet: bytes => frame('30', `0001 'a' ${bytes}`) },
]
