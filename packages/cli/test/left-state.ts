import { PacketType, type PublishProperties } from '@curlew/codec'
import { connectPacket, publishPacket, pubrec, subscribePacket, willOf } from '../../broker/test/support/packets.ts'
import { type CurlewProcess, startCurlew } from './curlew-process.ts'
import { RawClient } from './raw-client.ts'

export const properties: PublishProperties = {
  contentType: 'text/plain',
  responseTopic: 'answer/here',
  correlationData: Uint8Array.of(0, 255, 10),
  userProperties: [
    ['b', '2'],
    ['a', '1'],
    ['b', '1'],
  ],
}

/** Bytes of a payload that is larger than what is read or written at a time. */
export const LARGE_BYTES = 1_500_000

const kept = (clientId: string) =>
  connectPacket({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 3600 } })

/**
 * A broker that holds, as the only one with it: the Session `device/1` with a Will, two Subscriptions, an unfinished message of
 * QoS 2 in either direction and more that wait; the Session `device/2` with a Subscription and a large message; retained messages.
 */
export async function startFilled(folder: string): Promise<CurlewProcess> {
  const curlew = startCurlew(folder, ['--data', 'data'])
  const port = await curlew.port('mqtt')
  const [one, two, publisher] = [new RawClient(port), new RawClient(port), new RawClient(port)]
  const will = willOf('will', 'gone', { qos: 1, properties: { willDelayInterval: 3600, userProperties: [['a', '1']] } })
  one.send({ ...kept('device/1'), will })
  await one.next()
  one.send(subscribePacket(1, [{ filter: 'a/#', qos: 2 }], 7))
  one.send(subscribePacket(2, [{ filter: '$share/group/s', qos: 1 }]))
  await one.next()
  await one.next()
  two.send(kept('device/2'))
  await two.next()
  two.send(subscribePacket(1, [{ filter: 'large', qos: 1, retainAsPublished: true }]))
  await two.next()
  two.end()
  await publisher.connect('publisher')

  publisher.send(publishPacket('a/first', 'x', { qos: 2, packetId: 1, properties }))
  const first = await one.next()
  if (first.type !== PacketType.Publish) throw new Error('the first message has not come')
  one.send(pubrec(first.packetId))
  one.send(publishPacket('nowhere', 'x', { qos: 2, packetId: 77 }))
  await one.next()
  await one.next()
  one.end()
  publisher.send(publishPacket('a/second', '', { qos: 1, packetId: 2, properties: { messageExpiryInterval: 600 } }))
  publisher.send(publishPacket('a/third', new Uint8Array([0, 13, 10, 255]), { qos: 2, packetId: 3, retain: true }))
  publisher.send(publishPacket('large', 'ö'.repeat(LARGE_BYTES / 2), { qos: 1, packetId: 4, properties }))
  publisher.send(publishPacket('kept/0', 'of QoS 0', { retain: true, properties }))
  publisher.send(publishPacket('kept/1', 'of QoS 1', { qos: 1, packetId: 5, retain: true }))
  for (let count = 0; count < 5; count++) await publisher.next()
  publisher.end()
  return curlew
}

/** A folder whose `data` a broker has left that was killed. */
export async function leaveState(folder: string): Promise<void> {
  const curlew = await startFilled(folder)
  curlew.kill('SIGKILL')
  await curlew.ended
}

/** The lines of an export as values. */
export function valuesOf(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>)
}

/** What an export holds apart from when it was made. */
export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\n'))
}
