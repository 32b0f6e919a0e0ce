import { expect, test } from 'vitest'
import type { ByteStream } from '../src/index.ts'
import { connected } from './support/connected.ts'
import { settle } from './support/virtual-runtime.ts'

test('each stream, that of a reconnect too, is the one that tap returns', async () => {
  const firstBytes: number[] = []
  const tap = (stream: ByteStream): ByteStream => {
    const { write } = stream
    stream.write = bytes => {
      firstBytes.push(bytes[0]!)
      write.call(stream, bytes)
    }
    return stream
  }

  const { server, client, runtime } = await connected({ tap })
  await client.publish('a', 'b')
  await settle()
  server.link.drop()
  await runtime.pass(30_000)

  expect(firstBytes).toEqual([0x10, 0x30, 0x10])
})
