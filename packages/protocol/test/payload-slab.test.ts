import { PayloadSlab, SLAB_BYTES } from '@curlew/protocol'
import { expect, test } from 'vitest'
import { copyBytes } from '../src/payload-slab.ts'

/** `length` bytes that differ from their neighbours and from those of other marks. */
function payload(length: number, mark: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + mark) & 0xff)
}

test('payloads lie one behind the other in one slab', () => {
  const slab = new PayloadSlab()

  const first = slab.copy(payload(10, 1), 0, 10)
  const { bytes } = slab
  const second = slab.copy(payload(10, 2), 2, 7)

  expect([first, second]).toEqual([0, 10])
  expect(slab.bytes).toBe(bytes)
  expect(bytes.subarray(0, 10)).toEqual(payload(10, 1))
  expect(bytes.subarray(10, 15)).toEqual(payload(10, 2).subarray(2, 7))
})

test('a slab is filled to its last byte, then there is a new one', () => {
  const slab = new PayloadSlab()
  const first = slab.bytes
  for (let count = 0; count < SLAB_BYTES / 1024; count++) slab.copy(payload(1024, count), 0, 1024)
  const isStillFirst = slab.bytes === first

  const at = slab.copy(payload(1, 9), 0, 1)

  expect(isStillFirst).toBe(true)
  expect(slab.bytes).not.toBe(first)
  expect(at).toBe(0)
  expect(first.subarray(7 * 1024)).toEqual(payload(1024, 7))
})

test('a payload that does not fit into what is left goes into a new slab', () => {
  const slab = new PayloadSlab()
  const first = slab.bytes
  for (let count = 0; count < 4; count++) slab.copy(payload(2000, count), 0, 2000)

  const at = slab.copy(payload(193, 9), 0, 193)

  expect(at).toBe(0)
  expect(slab.bytes).not.toBe(first)
})

test.each([0, 1, 48, 49, 2048])('a payload of %d bytes is copied', length => {
  const slab = new PayloadSlab()
  const shared = slab.bytes
  slab.copy(payload(3, 1), 0, 3)
  const source = payload(length + 4, 2)

  const at = slab.copy(source, 2, length + 2)
  const copied = slab.bytes.subarray(at, at + length)

  expect(copied).toEqual(source.subarray(2, length + 2))
  expect(slab.bytes).toBe(shared)
})

test.each([0, 1, 48, 49, 1000])('copyBytes copies %d bytes and touches no other', length => {
  const source = payload(length + 10, 1)
  const target = new Uint8Array(length + 10).fill(0xee)

  copyBytes(source, 4, target, 3, length)

  const untouched = (count: number): number[] => Array.from({ length: count }, () => 0xee)
  expect([...target]).toEqual([...untouched(3), ...source.subarray(4, 4 + length), ...untouched(7)])
})
