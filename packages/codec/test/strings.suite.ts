import { decodePacket, isWellFormedUtf8 } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { errorOf } from './malformed/refusal.ts'
import { bytesOf } from './notation.ts'
import { byteFields, stringFields } from './string-fields.ts'
import { versionName } from './version-name.ts'

/** Ill-formed UTF-8, after RFC 3629 and the table of well-formed sequences in chapter 3 of the Unicode standard. */
const illFormed: [name: string, bytes: string][] = [
  ['a continuation byte alone, the first', "'a' 80 'b'"],
  ['a continuation byte alone, the last', "'a' bf 'b'"],
  ['five continuation bytes', '80*5'],
  ['a lead byte of two, alone', "'a' c2 'b'"],
  ['a lead byte of two at the end', "'a' c2"],
  ['a lead byte of three, alone', "'a' e0 'b'"],
  ['two bytes of three', "'a' e2 82 'b'"],
  ['two bytes of three at the end', "'a' e2 82"],
  ['a lead byte of four, alone', "'a' f0 'b'"],
  ['three bytes of four', "'a' f0 9f 90 'b'"],
  ['three bytes of four at the end', "'a' f0 9f 90"],
  ['a sequence begun again', 'e2 e2 82 ac'],
  ['U+002F in two bytes', 'c0 af'],
  ['U+007F in two bytes', 'c1 bf'],
  ['U+002F in three bytes', 'e0 80 af'],
  ['U+07FF in three bytes', 'e0 9f bf'],
  ['U+002F in four bytes', 'f0 80 80 af'],
  ['U+FFFF in four bytes', 'f0 8f bf bf'],
  ['U+0000 in two bytes', 'c0 80'],
  ['U+0000 in three bytes', 'e0 80 80'],
  ['U+0000 in four bytes', 'f0 80 80 80'],
  ['U+D800, the first high surrogate', 'ed a0 80'],
  ['U+DBFF, the last high surrogate', 'ed af bf'],
  ['U+DC00, the first low surrogate', 'ed b0 80'],
  ['U+DFFF, the last low surrogate', 'ed bf bf'],
  ['a pair of surrogates, as CESU-8 has it', 'ed a0 bd ed b0 a6'],
  ['U+110000, the first beyond Unicode', 'f4 90 80 80'],
  ['U+13FFFF', 'f4 bf bf bf'],
  ['U+140000', 'f5 80 80 80'],
  ['U+1FFFFF', 'f7 bf bf bf'],
  ['a sequence of five bytes', 'f8 88 80 80 80'],
  ['a sequence of six bytes', 'fc 84 80 80 80 80'],
  ['byte FE', 'fe'],
  ['byte FF', 'ff'],
  ['the byte order mark of UTF-16', 'ff fe'],
  ['Latin-1', "'Stra' df 'e'"],
  ['U+FFFD beside an ill-formed byte', 'ef bf bd ff'],
]

/** Well formed, but what section 1.5.4 lets a receiver refuse, as we do by default. */
const discouraged: [name: string, bytes: string][] = [
  ['U+0001', '01'],
  ['U+000A, a line feed', "'a' 0a 'b'"],
  ['U+001F', '1f'],
  ['U+007F', '7f'],
  ['U+0080', 'c2 80'],
  ['U+009F', "'a' c2 9f"],
  ['U+FDD0, a non-character', 'ef b7 90'],
  ['U+FDEF, a non-character', 'ef b7 af'],
  ['U+FFFE, a non-character', 'ef bf be'],
  ['U+FFFF, a non-character', 'ef bf bf'],
  ['U+1FFFE, a non-character', 'f0 9f bf be'],
  ['U+10FFFF, a non-character', 'f4 8f bf bf'],
]

const wellFormed: [name: string, bytes: string][] = [
  ['U+0020', '20'],
  ['U+007E', '7e'],
  ['U+00A0', 'c2 a0'],
  ['U+07FF', 'df bf'],
  ['U+0800', 'e0 a0 80'],
  ['U+D7FF, before the surrogates', 'ed 9f bf'],
  ['U+E000, behind the surrogates', 'ee 80 80'],
  ['U+FDCF and U+FDF0, around the non-characters', 'ef b7 8f ef b7 b0'],
  ['U+FEFF', 'ef bb bf'],
  ['U+FFFD', 'ef bf bd'],
  ['U+10000', 'f0 90 80 80'],
  ['U+10FFFD', 'f4 8f bf bd'],
]

const rules = {
  4: {
    wellFormed: '[MQTT3-1.5.3-1] a string that is not well-formed UTF-8 is refused',
    withoutNull: '[MQTT3-1.5.3-2] a string with U+0000 is refused, whatever else is allowed',
  },
  5: {
    wellFormed: '[MQTT-1.5.4-1] a string that is not well-formed UTF-8 is refused',
    withoutNull: '[MQTT-1.5.4-2] a string with U+0000 is refused, whatever else is allowed',
  },
} as const

/** What every platform must make of the strings in packets. */
export function stringSuite(): void {
  for (const { name: field, version, reasonCode, packet } of stringFields) {
    const options = { receiver: 'any', version } as const

    describe(`${field}, ${versionName(version)}`, () => {
      for (const [name, bytes] of illFormed) {
        test(`${rules[version].wellFormed}: ${name}`, () => {
          const expected = { code: 'ERR_MQTT_MALFORMED_PACKET', reasonCode, statement: '[MQTT-1.5.4-1]' }

          expect(errorOf(packet(bytes), options)).toMatchObject(expected)
        })
      }

      test(rules[version].withoutNull, () => {
        const expected = { code: 'ERR_MQTT_MALFORMED_PACKET', reasonCode, statement: '[MQTT-1.5.4-2]' }

        expect(errorOf(packet("'a' 00 'b'"), options)).toMatchObject(expected)
        expect(errorOf(packet('00'), { ...options, allowsControlCharacters: true })).toMatchObject(expected)
      })

      for (const [name, bytes] of discouraged) {
        test(`${name} is refused unless it is allowed`, () => {
          const expected = { code: 'ERR_MQTT_MALFORMED_PACKET', reasonCode, statement: undefined }

          expect(errorOf(packet(bytes), options)).toMatchObject(expected)
          expect(decodePacket(packet(bytes), { ...options, allowsControlCharacters: true })).toBeDefined()
        })
      }

      for (const [name, bytes] of wellFormed) {
        test(`${name} is taken`, () => {
          expect(decodePacket(packet(bytes), options)).toBeDefined()
        })
      }
    })
  }

  test('a payload that says it is text can be checked (section 3.3.2.3.2)', () => {
    const wellFormedBytes = [...wellFormed, ...discouraged, ['U+0000', '00'], ['nothing', '']].map(each =>
      bytesOf(each[1]!),
    )
    const illFormedBytes = illFormed.map(([, bytes]) => bytesOf(bytes))

    expect(wellFormedBytes.filter(bytes => !isWellFormedUtf8(bytes))).toEqual([])
    expect(illFormedBytes.filter(isWellFormedUtf8)).toEqual([])
  })

  for (const { name: field, version, packet } of byteFields) {
    test(`${field} is bytes, whatever they say`, () => {
      const results = [...illFormed, ...discouraged, ['U+0000', '00']].map(([, bytes]) =>
        decodePacket(packet(bytes!), { receiver: 'any', version }),
      )

      expect(results).toHaveLength(illFormed.length + discouraged.length + 1)
    })
  }
}
