import { decodePacket } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { frame } from '../frame.ts'
import { bytesOf, hexOf } from '../notation.ts'
import { besideIn, type PlaceName, places, propertyTable } from '../property-table.ts'
import { errorOf, malformed, protocolError } from './refusal.ts'

const options = { receiver: 'any', version: 5 } as const
const placeNames = Object.keys(places) as PlaceName[]
const allowed = propertyTable.flatMap(row => row.places.map(placeName => ({ row, placeName })))
const forbidden = propertyTable.flatMap(row =>
  placeNames.filter(placeName => !row.places.includes(placeName)).map(placeName => ({ row, placeName })),
)

describe('each property where it belongs', () => {
  for (const { row, placeName } of allowed) {
    test(`${row.name} is taken in ${places[placeName].name}`, () => {
      const bytes = places[placeName].packet(`${row.bytes} ${besideIn(row, placeName)}`)

      expect(decodePacket(bytes, options)).toBeDefined()
    })

    test(`${row.name} that reaches beyond the Property Length of ${places[placeName].name} is refused`, () => {
      const cut = hexOf(bytesOf(row.bytes).subarray(0, -1))

      const error = errorOf(places[placeName].packet(cut), options)

      expect(error).toMatchObject({ code: malformed[0], reasonCode: malformed[1] })
    })
  }
})

/** Packets in which a property that is not allowed is malformed rather than a Protocol Error (ADR 0013). */
const requests: PlaceName[] = ['SUBSCRIBE', 'UNSUBSCRIBE']

describe('each property where it does not belong (section 2.2.2.2)', () => {
  for (const { row, placeName } of forbidden) {
    const [code, reasonCode] = requests.includes(placeName) ? malformed : protocolError

    test(`${row.name} is refused in ${places[placeName].name}`, () => {
      const error = errorOf(places[placeName].packet(row.bytes), options)

      expect(error).toMatchObject({ code, reasonCode, message: expect.stringContaining('not allowed') })
    })

    test(`${row.name} that is not whole is malformed in ${places[placeName].name}`, () => {
      const cut = hexOf(bytesOf(row.bytes).subarray(0, -1))

      const error = errorOf(places[placeName].packet(cut), options)

      expect(error).toMatchObject({ code: malformed[0], reasonCode: malformed[1] })
    })
  }
})

describe('each property twice', () => {
  const repeatable = new Set(['User Property', 'Subscription Identifier in PUBLISH'])
  const isRepeatable = (name: string, placeName: PlaceName): boolean =>
    repeatable.has(name) || repeatable.has(`${name} in ${placeName}`)

  for (const { row, placeName } of allowed.filter(each => !isRepeatable(each.row.name, each.placeName))) {
    test(`${row.name} is refused when it stands twice in ${places[placeName].name}`, () => {
      const error = errorOf(places[placeName].packet(`${row.bytes} ${row.bytes}`), options)

      expect(error).toMatchObject({ code: protocolError[0], reasonCode: protocolError[1], message: /twice/ })
    })
  }

  for (const { row, placeName } of allowed.filter(each => isRepeatable(each.row.name, each.placeName))) {
    test(`${row.name} is taken twice in ${places[placeName].name}`, () => {
      const bytes = places[placeName].packet(`${row.bytes} ${row.bytes} ${besideIn(row, placeName)}`)

      expect(decodePacket(bytes, options)).toBeDefined()
    })
  }
})

describe('values that a property may not have', () => {
  const wrong: [placeName: PlaceName, name: string, bytes: string, reasonCode: number, statement?: string][] = [
    ['PUBLISH', 'Payload Format Indicator 2', '01 02', 0x82],
    ['Will', 'Payload Format Indicator 255', '01 ff', 0x82],
    ['PUBLISH', 'Subscription Identifier 0', '0b 00', 0x82],
    ['PUBLISH', 'Subscription Identifier 0 behind another', '0b 01 0b 00', 0x82],
    ['CONNECT', 'Request Problem Information 2', '17 02', 0x82],
    ['CONNECT', 'Request Response Information 2', '19 02', 0x82],
    ['CONNECT', 'Receive Maximum 0', '21 0000', 0x82],
    ['CONNACK', 'Receive Maximum 0', '21 0000', 0x82],
    ['PUBLISH', 'Topic Alias 0', '23 0000', 0x94, '[MQTT-3.3.2-8]'],
    ['CONNACK', 'Maximum QoS 2', '24 02', 0x82],
    ['CONNACK', 'Retain Available 2', '25 02', 0x82],
    ['CONNECT', 'Maximum Packet Size 0', '27 00000000', 0x82],
    ['CONNACK', 'Maximum Packet Size 0', '27 00000000', 0x82],
    ['CONNACK', 'Wildcard Subscription Available 2', '28 02', 0x82],
    ['CONNACK', 'Subscription Identifiers Available 128', '29 80', 0x82],
    ['CONNACK', 'Shared Subscription Available 255', '2a ff', 0x82],
  ]
  for (const [placeName, name, bytes, reasonCode, statement] of wrong) {
    test(`${statement === undefined ? '' : `${statement} `}${name} is refused in ${places[placeName].name}`, () => {
      const error = errorOf(places[placeName].packet(bytes), options)

      expect(error).toMatchObject({ code: 'ERR_MQTT_PROTOCOL_ERROR', reasonCode, statement })
    })
  }

  test('Subscription Identifier 0 is refused in SUBSCRIBE, as malformed (ADR 0013)', () => {
    const error = errorOf(places['SUBSCRIBE'].packet('0b 00'), options)

    expect(error).toMatchObject({ code: malformed[0], reasonCode: malformed[1] })
  })
})

describe('property identifiers that do not exist', () => {
  const known = new Set(propertyTable.map(row => Number.parseInt(row.bytes, 16)))
  const unknown = Array.from({ length: 128 }, (_, identifier) => identifier).filter(
    identifier => !known.has(identifier),
  )

  test('there are 27 properties and 101 identifiers of one byte beside them', () => {
    expect([known.size, unknown.length]).toEqual([27, 101])
  })

  for (const placeName of placeNames) {
    test(`each of them is refused in ${places[placeName].name}`, () => {
      const errors = unknown.map(identifier =>
        errorOf(places[placeName].packet(`${identifier.toString(16).padStart(2, '0')} 00`), options),
      )

      expect(errors).toEqual(unknown.map(() => expect.objectContaining({ code: malformed[0], reasonCode: 0x81 })))
    })
  }
})

describe('lengths and identifiers that are ill-formed', () => {
  const rows: [statement: string | undefined, name: string, body: string][] = [
    ['[MQTT-1.5.5-1]', 'a Property Length of 0 in two bytes', "0001 'a' 80 00"],
    ['[MQTT-1.5.5-1]', 'a Property Length of 2 in four bytes', "0001 'a' 82 80 80 00 01 01"],
    ['[MQTT-1.5.5-1]', 'a property identifier in two bytes that would fit in one', "0001 'a' 03 81 00 01"],
    ['[MQTT-1.5.5-1]', 'a Subscription Identifier in two bytes that would fit in one', "0001 'a' 03 0b 81 00"],
    [undefined, 'a Property Length of five bytes', "0001 'a' 80 80 80 80 01"],
    [undefined, 'a Subscription Identifier of five bytes', "0001 'a' 06 0b ff ff ff ff 7f"],
    [undefined, 'a Property Length that ends with the packet', "0001 'a' 80"],
    [undefined, 'a Property Length beyond the packet', "0001 'a' 03 01 01"],
    [undefined, 'a Property Length of 256 MiB', "0001 'a' ff ff ff 7f 01 01"],
    [undefined, 'a property identifier of two bytes', "0001 'a' 03 80 01 00"],
    [
      undefined,
      'a string that ends beyond the Property Length, though not beyond the packet',
      "0001 'a' 04 03 0002 'ab'",
    ],
    [undefined, 'an identifier without a value, though the packet goes on', "0001 'a' 01 01 01"],
  ]
  for (const [statement, name, body] of rows) {
    test(`${statement === undefined ? '' : `${statement} `}${name} is refused`, () => {
      const error = errorOf(frame('30', body), options)

      expect(error).toMatchObject({ code: malformed[0], reasonCode: malformed[1], statement })
    })
  }
})

describe('the number of User Properties', () => {
  const pair = '26 0000 0000 '

  for (const placeName of placeNames.filter(each => each !== 'AUTH')) {
    test(`64 are taken in ${places[placeName].name}`, () => {
      expect(decodePacket(places[placeName].packet(pair.repeat(64)), options)).toBeDefined()
    })

    test(`65 are refused in ${places[placeName].name} with 0x97 Quota exceeded`, () => {
      const error = errorOf(places[placeName].packet(pair.repeat(65)), options)

      expect(error).toMatchObject({ code: 'ERR_MQTT_PROTOCOL_ERROR', reasonCode: 0x97 })
    })
  }
})
