import { expect, test } from 'vitest'
import { messageFormat } from '../src/client/message-format.ts'

/** What a format makes of a payload, given in hexadecimal. */
function formatted(format: string, payload: string): string {
  const arrival = { date: new Date(0), nanoseconds: 0 }
  const message = { topic: 'a', qos: 0, retain: false, packetId: 0, properties: {}, arrival } as const
  return messageFormat(format, false)({ ...message, payload: Buffer.from(payload, 'hex') }).toString()
}

const floats: [format: string, payload: string, printed: string][] = [
  ['%f', '0000ac41', '21.500000'],
  ['%.1f', '0000ac41', '21.5'],
  ['%.0f', '0000ac41', '22'],
  ['%8.1f|', '0000acc1', '   -21.5|'],
  ['%-8.1f|', '0000acc1', '-21.5   |'],
  ['%08.1f', '0000acc1', '-00021.5'],
  ['%f', '0000c07f', 'nan'],
  ['%f', '000080ff', '-inf'],
  ['%d', '0000000000803540', '21.500000'],
  ['%.2d', '9a9999999999b93f', '0.10'],
  ['%.1d', 'f64ae1c7022da544', '49999999999999995805696.0'],
  ['%f', '0000000000803540', ''],
  ['%d', '0000ac41', ''],
]
for (const [format, payload, printed] of floats) {
  test(`${format} prints ${payload} as '${printed}'`, () => {
    expect(formatted(format, payload)).toBe(printed)
  })
}
