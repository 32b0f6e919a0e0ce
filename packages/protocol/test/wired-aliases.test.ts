import { IncomingTopicAliases, OutgoingTopicAliases } from '@curlew/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'

interface Sending {
  readonly topic: string
  /** Otherwise the packet is dropped after it has been given its alias, as when it is too large. */
  readonly isSent: boolean
}

const sendings: fc.Arbitrary<Sending[]> = fc.array(
  fc.record({
    topic: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    isSent: fc.integer({ min: 0, max: 4 }).map(roll => roll > 0),
  }),
  { maxLength: 100, size: 'max' },
)

/** Sends over one Network Connection. @returns the Topic Names that the receiver makes of the packets */
function send(list: readonly Sending[], maximum: number): string[] {
  const outgoing = new OutgoingTopicAliases(maximum)
  const incoming = new IncomingTopicAliases(maximum)
  const received: string[] = []
  for (const { topic, isSent } of list) {
    const assigned = outgoing.assign(topic)
    if (!isSent) outgoing.forget(topic)
    else received.push(assigned ? incoming.resolve(assigned.isKnown ? '' : topic, assigned.alias) : topic)
  }
  return received
}

test.each([0, 1, 2, 3, 10])(
  'with Topic Alias Maximum %d the receiver always resolves the topic that the sender means',
  maximum => {
    fc.assert(
      fc.property(sendings, list => {
        const received = send(list, maximum)

        expect(received).toEqual(list.filter(({ isSent }) => isSent).map(({ topic }) => topic))
      }),
      { numRuns: 500 },
    )
  },
)
