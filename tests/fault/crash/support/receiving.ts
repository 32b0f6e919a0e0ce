import { PacketType } from '@curlew/codec'
import { disconnectPacket, puback, subscribePacket } from '../../../../packages/broker/test/support/packets.ts'
import { persistent } from '../../../../packages/broker/test/support/stage.ts'
import { type Client, type FaultyCurlew, numberIn } from './faulty-curlew.ts'

/** The Session that the tests of faults keep messages in. */
export const receiver = persistent(5, 'receiver')

/** Makes a Session with a subscription at QoS 1 and leaves it alone: what is published waits in it. */
export async function subscribeAndLeave(curlew: FaultyCurlew, filter: string): Promise<void> {
  const { client } = await curlew.connect(receiver)
  client.send(subscribePacket(1, [{ filter, qos: 1 }]))
  const suback = await client.next()
  if (suback !== 'SUBACK 1 01') throw new Error(`${suback} instead of SUBACK`)
  client.send(disconnectPacket())
  await client.closing()
}

/** Takes what waits up to and including the message with this number. @returns the numbers in the order they came */
export async function receiveUpTo(client: Client, last: number): Promise<number[]> {
  const numbers: number[] = []
  while (numbers.at(-1) !== last) {
    const packet = await client.receiveA(PacketType.Publish)
    numbers.push(numberIn(packet.payload))
    client.send(puback(packet.packetId))
  }
  return numbers
}
