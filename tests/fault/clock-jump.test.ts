import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noProperties } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'

checkBuilt()

/** Where Debian has it, on the machines that we know. */
const library = ['x86_64', 'aarch64']
  .map(machine => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`)
  .find(path => existsSync(path))

/** The wall clock of a broker, which jumps when it is told to. The monotonic clock goes on as it should. */
class WallClock {
  readonly environment: Readonly<Record<string, string>>
  readonly #file = join(temporaryFolder(), 'offset')

  constructor() {
    this.jumpTo('+0')
    this.environment = {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_NO_CACHE: '1',
    }
  }

  /** @param offset from the true time, such as `+1d` */
  jumpTo(offset: string): void {
    // Whoever asks for the time finds the one or the other, never half of it.
    writeFileSync(`${this.#file}.new`, `${offset}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** A Session that receives `a`, with an acknowledged message in it that expires in an hour, and a client that is connected. */
async function start() {
  const clock = new WallClock()
  const folder = temporaryFolder()
  const curlew = await FaultyCurlew.start(folder, { environment: clock.environment })
  await subscribeAndLeave(curlew, 'a')
  const { client } = await curlew.connect({ ...persistent(5, 'connected'), keepAlive: 10 })
  client.send(subscribePacket(1, [{ filter: 'b', qos: 1 }]))
  await client.next()
  const properties = { messageExpiryInterval: 3_600 }
  client.send(publishPacket('a', '0;', { qos: 1, packetId: 1, properties }))
  expect(await client.next()).toBe('PUBACK 1')
  client.send(publishPacket('kept', 'retained', { qos: 1, packetId: 2, retain: true, properties }))
  expect(await client.next()).toBe('PUBACK 2 10')
  return { clock, folder, curlew, client }
}

const missing = library === undefined ? 'libfaketime is not installed: apt-get install libfaketime' : undefined

describe.skipIf(missing !== undefined)(
  missing === undefined ? 'a wall clock' : `a wall clock ${reportSkip('jumps of the wall clock', missing)}`,
  { timeout: 60_000 },
  () => {
    for (const offset of ['+1d', '-1d']) {
      test(`that jumps by ${offset} disconnects nobody and lets nothing expire`, async () => {
        const { clock, curlew, client } = await start()

        clock.jumpTo(offset)
        client.send(numbered('b', 5))
        const answers = (await client.take(2)).toSorted()
        const { client: back, isPresent } = await curlew.connect(receiver)
        const numbers = await receiveUpTo(back, 0)
        const { client: late } = await curlew.connect({ clientId: 'late', properties: noProperties })
        late.send(subscribePacket(1, ['kept']))
        const retained = await late.take(2)
        const afterwards = await client.upToNow()

        expect(answers).toEqual(['PUBACK 6', "PUBLISH b '5;xxxxxxxxxxxxxx' qos 1 id 1"])
        expect(isPresent).toBe(true)
        expect(numbers).toEqual([0])
        expect(retained.join()).toMatch(/PUBLISH kept 'retained' retain \{"messageExpiryInterval":3[56]\d\d\}/)
        expect(afterwards).toEqual([])
      })

      test(`that jumps by ${offset} before a crash leaves what was stored to the next start`, async () => {
        const { clock, folder, curlew, client } = await start()

        clock.jumpTo(offset)
        client.send(numbered('a', 1))
        expect(await client.next()).toBe('PUBACK 2')
        await curlew.kill()
        clock.jumpTo('+0')
        const next = await FaultyCurlew.start(folder, { environment: clock.environment })
        const { client: back, isPresent } = await next.connect(receiver)
        const numbers = await receiveUpTo(back, 1)

        expect(isPresent).toBe(true)
        expect(numbers).toEqual([0, 1])
      })
    }

    test('that was wrong for a day while the broker was not running does not keep a Session from coming back', async () => {
      const { clock, folder, curlew } = await start()

      await curlew.kill()
      clock.jumpTo('-1d')
      const next = await FaultyCurlew.start(folder, { environment: clock.environment })
      const { client: back, isPresent } = await next.connect(receiver)

      expect(isPresent).toBe(true)
      expect(await receiveUpTo(back, 0)).toEqual([0])
    })
  },
)
