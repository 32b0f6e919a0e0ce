import { setTimeout as macrotask } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PacketDecoder, ReusingDecoder } from '@curlew/codec'
import { expect, test } from 'vitest'
import { bytesOf } from './notation.ts'

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void // what the flag adds to every new context

/** Decodes a chunk that nobody else holds. @returns a reference that does not keep the chunk alive */
function decodeOnce(decoder: PacketDecoder, notation: string): WeakRef<ArrayBufferLike> {
  const chunk = bytesOf(notation)
  decoder.push(chunk)
  while (decoder.next() !== undefined);
  return new WeakRef(chunk.buffer)
}

const chunks: [name: string, notation: string][] = [
  ['whole packets', "30 0b 0003 'a/b' 00 'hello' c000"],
  ['a whole packet and a part', "30 0b 0003 'a/b' 00 'hello' 30 0b 0003"],
  ['a part', "30 0b 0003 'a/b' 00"],
]
for (const [name, notation] of chunks) {
  test.each([PacketDecoder, ReusingDecoder])(`a %o that waits keeps no chunk alive, after ${name}`, async Decoder => {
    const decoder = new Decoder({ receiver: 'server', version: 5 })
    const buffer = decodeOnce(decoder, notation)

    await macrotask(0)
    collectGarbage()

    expect(buffer.deref()).toBeUndefined()
    expect(decoder.version).toBe(5)
  })
}
