import { expect, test } from 'vitest'
import { publishPacket } from '../../packages/broker/test/support/packets.ts'
import { checkBuilt } from '../../packages/cli/test/built.ts'
import { temporaryFolder } from '../../packages/cli/test/temporary-folder.ts'
import { FaultyCurlew, numbered } from './crash/support/faulty-curlew.ts'
import { receiver, receiveUpTo, subscribeAndLeave } from './crash/support/receiving.ts'

checkBuilt()

/** Node opens more than a hundred modules at once when it starts. */
const DESCRIPTORS = 256
const CROWD = 320
const through = ['sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$@"`, 'sh']

/** In all more than what makes the store begin another file. */
const PAYLOAD_BYTES = 65_536
const MESSAGES = 400
const large = { qos: 1, packetId: 60_000, retain: true } as const

test('a broker without free descriptors serves whom it has, stores what it acknowledges, and takes clients again later', {
  timeout: 300_000,
}, async () => {
  const folder = temporaryFolder()
  const curlew = await FaultyCurlew.start(folder, { through })
  await subscribeAndLeave(curlew, 'a')
  const { client: publisher } = await curlew.connect({ clientId: 'publisher' })

  // Those that find no descriptor wait in the queue of the listener, or are closed.
  const crowd = await Promise.all(
    Array.from({ length: CROWD }, (_, index) => curlew.dial({ clientId: `crowd-${index}` })),
  )
  const acknowledged: number[] = []
  for (let number = 0; number < MESSAGES; number++) {
    publisher.send(publishPacket('kept', 'x'.repeat(PAYLOAD_BYTES), large), numbered('a', number))
    const answers = await publisher.take(2)
    if (answers.includes(`PUBACK ${number + 1}`)) acknowledged.push(number)
  }
  for (const client of crowd) client.drop()
  await Promise.all(crowd.map(client => client.gone()))
  const { client: late } = await curlew.connect({ clientId: 'late' })
  late.send(numbered('a', 10_000))
  const answer = await late.next()
  await curlew.kill()
  const next = await FaultyCurlew.start(folder)
  const { client, isPresent } = await next.connect(receiver)
  const numbers = await receiveUpTo(client, 10_000)

  expect(acknowledged).toHaveLength(MESSAGES)
  expect(answer).toBe('PUBACK 10001')
  expect(isPresent).toBe(true)
  expect(numbers).toEqual([...acknowledged, 10_000])
})
