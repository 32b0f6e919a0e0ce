import { ClientDecoder, type DecodedPublish, MalformedPacketError } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { bytesOf } from './notation.ts'

/** PUBLISH of QoS 0 on `a`, with these properties. */
function publish(properties: string): Uint8Array {
  const { length } = bytesOf(properties)
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  return bytesOf(`30 ${hex(4 + length)} 0001 'a' ${hex(length)} ${properties}`)
}

/** The properties of some messages that come one after the other. */
function received(...each: string[]): DecodedPublish['properties'][] {
  const decoder = new ClientDecoder({ version: 5 })
  return each.map(properties => {
    decoder.push(publish(properties))
    const packet = decoder.next() as DecodedPublish
    decoder.next()
    return packet.properties
  })
}

describe('properties of PUBLISH that a Client receives', () => {
  test('the same bytes give the same object, which nobody can change', () => {
    const [one, two] = received("0b 05 26 0001 'k' 0001 'v'", "0b 05 26 0001 'k' 0001 'v'")

    expect(one).toMatchObject({ subscriptionIdentifiers: [5], userProperties: [['k', 'v']] })
    expect(two).toBe(one)
    expect(Object.isFrozen(one)).toBe(true)
  })

  test('other bytes of the same length give another one', () => {
    const all = received('0b 05', '0b 06', '0b 05')

    expect(all.map(({ subscriptionIdentifiers }) => subscriptionIdentifiers)).toEqual([[5], [6], [5]])
  })

  test('a thousand of them are told apart', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => index)
    const each = values.map(value => `02 ${value.toString(16).padStart(8, '0')}`)

    const all = received(...each, ...each)

    expect(all.map(({ messageExpiryInterval }) => messageExpiryInterval)).toEqual([...values, ...values])
  })

  test('Correlation Data is a view of each message', () => {
    const [one, two] = received("09 0001 'x'", "09 0001 'x'")

    expect(two).toEqual(one)
    expect(two).not.toBe(one)
  })

  test('long ones are not remembered', () => {
    const long = "03 0028 'x'*40"

    const [one, two] = received(long, long)

    expect(two).toEqual(one)
    expect(two).not.toBe(one)
  })

  test('what is malformed is refused each time', () => {
    for (let time = 0; time < 2; time++) {
      const decoder = new ClientDecoder({ version: 5 })
      decoder.push(bytesOf("30 05 0001 'a' 09 0b"))

      expect(() => decoder.next()).toThrow(MalformedPacketError)
    }
  })
})
