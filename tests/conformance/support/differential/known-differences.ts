import type { Difference } from './comparison.ts'
import {
  clientsWithDelayedWills,
  differingLines,
  isAbout,
  matches,
  onlyIn,
  stepsSoFar,
  subscriptionsOf,
  takenOverWills,
  topicOf,
} from './evidence.ts'

/** A way in which Mosquitto 2.0.11 behaves differently, and what decides that ours is allowed or right. */
export interface KnownDifference {
  /** The heading in docs/differences-from-mosquitto.md. */
  readonly name: string
  /** Statements in brackets, or the section that leaves the choice to the Server. */
  readonly decidedBy: string
  readonly explains: (difference: Difference) => boolean
}

/** What Mosquitto puts up with, by the name of the fault, with the statement that says to close. */
const tolerated: Record<string, string> = {
  'PINGREQ with a body': 'section 3.12.1',
  'PINGREQ with flags': '[MQTT-2.1.3-1]',
  'PUBLISH with DUP at QoS 0': '[MQTT-3.3.1-2]',
  'PUBLISH with Payload Format Indicator 2': 'section 3.3.2.3.2',
  'PUBLISH with Response Topic #': '[MQTT-3.3.2-14]',
  'PUBLISH with a Subscription Identifier': '[MQTT-3.3.4-6]',
  'No Local on a Shared Subscription': '[MQTT-3.8.3-4]',
  'a PINGRESP': 'section 2.1.2',
  'a SUBACK': 'section 2.1.2',
}

export const knownDifferences: readonly KnownDifference[] = [
  {
    name: 'Packets that no client may send',
    decidedBy: Object.values(tolerated).join(', '),
    explains: ({ step }) => step.kind === 'bytes' && step.name in tolerated,
  },
  {
    name: 'A second CONNECT',
    decidedBy: '[MQTT-3.1.0-2], [MQTT-3.1.2-5], [MQTT-3.1.2-8]',
    explains: difference => {
      const steps = stepsSoFar(difference)
      const faults = steps.filter(step => step.kind === 'bytes' && step.name === 'a second CONNECT')
      const clients = faults.map(({ client }) => client)
      const isOver = difference.step !== faults[0] && clients.includes(difference.client)
      const wills = steps.flatMap(step => (step.kind === 'connect' && clients.includes(step.client) ? [step.will] : []))
      const topics = wills.flatMap(will => (will === undefined ? [] : [will.topic]))
      return isOver || isAbout(topics, difference)
    },
  },
  {
    name: 'Overlapping Subscriptions',
    decidedBy: 'section 3.3.4, [MQTT-3.3.4-2], [MQTT3-3.3.5-1]',
    explains: difference => {
      const lines = differingLines(difference)
      const filters = new Set(subscriptionsOf(difference.client, difference).map(({ filter }) => filter))
      const overlapping = (topic = '') => [...filters].filter(filter => matches(filter, topic)).length > 1
      return lines.length > 0 && lines.every(line => overlapping(topicOf(line)))
    },
  },
  {
    name: 'A Subscription that replaces another',
    decidedBy: '[MQTT-3.8.4-3]',
    explains: difference => {
      const all = subscriptionsOf(difference.client, difference)
      const changed = all.filter(one => all.some(two => one.filter === two.filter && one.options !== two.options))
      const lines = differingLines(difference)
      return lines.every(line => changed.some(({ filter }) => matches(filter, topicOf(line) ?? '')))
    },
  },
  {
    name: 'When a QoS 2 message is passed on',
    decidedBy: 'section 4.3.3, [MQTT-4.3.3-10]',
    explains: difference => {
      const publishes = stepsSoFar(difference).flatMap(step =>
        step.kind === 'publish' && step.qos === 2 ? [step] : [],
      )
      const unreleased = publishes.filter(({ isReleased }) => !isReleased)
      const withSameId = publishes.filter(({ client, packetId }) =>
        unreleased.some(other => other.client === client && other.packetId === packetId),
      )
      const topics = withSameId.map(({ topic }) => topic)
      return isAbout(topics, difference)
    },
  },
  {
    name: 'The Will of a connection that is taken over',
    decidedBy: '[MQTT-3.1.4-3], [MQTT-3.1.2-8], [MQTT3-3.1.2-8]',
    explains: difference =>
      isAbout(
        takenOverWills(difference).map(({ topic }) => topic),
        difference,
      ),
  },
  {
    name: 'The end of a Session before its Will Delay Interval',
    decidedBy: '[MQTT-3.1.2-8]',
    explains: difference => {
      const names = clientsWithDelayedWills(difference).map(client => `'will of ${client}'`)
      const ours = onlyIn('curlew', difference)
      const isDelayed = (line: string) => names.some(name => line.includes(name))
      return onlyIn('mosquitto', difference).length === 0 && ours.length > 0 && ours.every(isDelayed)
    },
  },
  {
    name: 'A DISCONNECT with a reason that only Servers have',
    decidedBy: '[MQTT-3.14.2-1], [MQTT-3.14.4-3]',
    explains: difference => {
      const isFault = (name: string) => name.startsWith('DISCONNECT with')
      const leavers = stepsSoFar(difference).filter(step => step.kind === 'bytes' && isFault(step.name))
      const lines = differingLines(difference)
      return lines.every(line => leavers.some(({ client }) => line.includes(`'will of ${client}'`)))
    },
  },
  {
    name: 'UNSUBSCRIBE from a tree of topics that nobody uses',
    decidedBy: 'section 3.11.3',
    explains: ({ step, curlew, mosquitto }) => {
      const [ours = '', theirs = ''] = [curlew.join(), mosquitto.join()].map(line => line.replaceAll(' 11', ' 00'))
      return step.kind === 'unsubscribe' && step.filters.some(filter => filter.startsWith('$')) && ours === theirs
    },
  },
  {
    name: 'No Local and retained messages',
    decidedBy: '[MQTT-3.8.3-3]',
    explains: difference => {
      const { step } = difference
      const isOwn = step.kind === 'subscribe' && step.requests.some(({ noLocal }) => noLocal)
      const theirs = onlyIn('mosquitto', difference)
      return isOwn && onlyIn('curlew', difference).length === 0 && theirs.every(line => line.includes(' retain'))
    },
  },
]
