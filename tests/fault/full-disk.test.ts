import { join } from 'node:path'
import { PacketType } from '@curlew/codec'
import { describe, expect, test } from 'vitest'
import { publishPacket, subscribePacket } from '../../packages/broker/test/support/packets.ts'
import { persistent } from '../../packages/broker/test/support/stage.ts'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { reportSkip } from '../interop/support/skips.ts'
import { type Client, FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'
import { missingTmpfs, Tmpfs } from './crash/support/tmpfs.ts'

checkBuilt()

const PAYLOAD_BYTES = 65_536
/** More than fits. */
const MESSAGES_MAX = 400

/** Publishes one message after the other until the broker says that it cannot write. @returns how many were acknowledged */
async function fill(publisher: Client, curlew: FaultyCurlew): Promise<number> {
  const failure = curlew.printed(/the store cannot write/).then(() => undefined)
  for (let number = 0; number < MESSAGES_MAX; number++) {
    publisher.send(numbered('full', number, PAYLOAD_BYTES))
    const answer = await Promise.race([publisher.receiveA(PacketType.Puback), failure])
    if (answer === undefined) return number
    expect(answer).toMatchObject({ packetId: number + 1, reasonCode: 0 })
  }
  throw new Error('the disk did not become full')
}

/** A broker on a disk that has just become full, with a Session in which `acknowledged` messages wait. */
async function startOnFullDisk() {
  const disk = new Tmpfs('8m')
  const folder = join(disk.folder, 'data')
  const curlew = await FaultyCurlew.start(folder)
  await subscribeAndLeave(curlew, 'full')
  const { client: publisher } = await curlew.connect(persistent(5, 'publisher'))
  const { client: older } = await curlew.connect(persistent(4, 'older'))
  const { client: other } = await curlew.connect({ clientId: 'other' })
  other.send(subscribePacket(1, ['news']))
  await other.next()
  const acknowledged = await fill(publisher, curlew)
  return { disk, folder, curlew, publisher, older, other, acknowledged }
}

const missing = missingTmpfs()

describe.skipIf(missing !== undefined)(
  missing === undefined ? 'a full disk' : `a full disk ${reportSkip('a full disk', missing)}`,
  { timeout: 120_000 },
  () => {
    test('makes the broker refuse with 0x97, or say nothing in 3.1.1, and go on with what needs no disk', async () => {
      const { curlew, older, other } = await startOnFullDisk()

      other.send(numbered('full', 1_000))
      older.send(numbered('full', 1_001))
      const refusal = await other.receiveA(PacketType.Puback)
      other.send(publishPacket('news', 'at QoS 0'))
      const news = await other.next()
      const answers = older.takeAll()

      expect(refusal.reasonCode).toBe(0x97)
      expect(news).toBe("PUBLISH news 'at QoS 0'")
      expect(answers).toEqual([])
      expect(curlew.output).toMatch(/No space left|ENOSPC/)
      expect(curlew.output).toMatch(/make room/)
    })

    test('keeps nobody from connecting whose Session ends with the connection', async () => {
      const { curlew } = await startOnFullDisk()

      const { isPresent } = await curlew.connect({ clientId: 'guest' })

      expect(isPresent).toBe(false)
    })

    test('loses nothing that was acknowledged, and the broker goes on by itself when there is room', async () => {
      const { disk, folder, curlew, publisher, older, acknowledged } = await startOnFullDisk()

      older.send(numbered('full', 1_000))
      disk.remount('size=64m')
      await curlew.printed(/the store can write again/)
      publisher.send(numbered('full', 2_000))
      const late = [await older.next(), ...(await untilAcknowledged(publisher, 2_001))]
      await curlew.kill()
      const next = await FaultyCurlew.start(folder)
      const { client, isPresent } = await next.connect(receiver)
      const numbers = await receiveUpTo(client, 2_000)

      expect(late[0]).toBe('PUBACK 1001')
      expect(isPresent).toBe(true)
      expect(numbers).toEqual(expect.arrayContaining([...Array(acknowledged).keys(), 1_000]))
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    })

    test('loses nothing that was acknowledged when the broker is killed and started again before there is room', async () => {
      const { disk, folder, curlew, acknowledged } = await startOnFullDisk()

      await curlew.kill()
      disk.remount('size=64m')
      const next = await FaultyCurlew.start(folder)
      const { client, isPresent } = await next.connect(receiver)
      const numbers = await receiveUpTo(client, acknowledged - 1)

      expect(isPresent).toBe(true)
      expect(numbers).toEqual([...Array(acknowledged).keys()])
    })
  },
)

/** Takes acknowledgements until the one with this Packet Identifier. */
async function untilAcknowledged(client: Client, packetId: number): Promise<string[]> {
  const texts: string[] = []
  while (texts.at(-1) !== `PUBACK ${packetId}`) texts.push(await client.next())
  return texts
}
