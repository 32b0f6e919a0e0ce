import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { mosquittoTools, request } from './support/clients/mosquitto-tools.ts'
import { type ProtocolVersion, VERSION_NAMES } from './support/interop-client.ts'
import { describeFamily } from './support/scenarios.ts'
import { reportSkip } from './support/skips.ts'
import { Stage } from './support/stage.ts'
import { startTarget, type Target } from './support/target.ts'

describeFamily(mosquittoTools)

const { unavailable } = mosquittoTools

describe.skipIf(unavailable !== undefined)(
  unavailable === undefined ? 'mosquitto_rr' : `mosquitto_rr ${reportSkip('mosquitto_rr', unavailable)}`,
  () => {
    let target: Target
    beforeAll(async () => {
      target = await startTarget()
    })
    afterAll(() => target?.close())

    function openStage(version: ProtocolVersion): Stage {
      const stage = new Stage(target, mosquittoTools, { version, transport: 'tcp', lacks: {} })
      onTestFinished(() => stage.close())
      return stage
    }

    for (const version of [3, 4, 5] as const) {
      for (const qos of [0, 1, 2] as const) {
        test(`an answer on the agreed topic reaches the requester with ${VERSION_NAMES[version]} at QoS ${qos}`, async () => {
          const stage = openStage(version)
          const [question, answer] = [stage.topic('question'), stage.topic('answer')]
          const responder = await stage.subscriber(qos, question)
          const addressed = ['-t', question, '-e', answer, '-m', 'how warm?', '-q', String(qos)]

          const printed = request(responder.link, version, addressed)
          await responder.inbox.message(question, 'how warm?')
          await responder.publish({ topic: answer, payload: '21 °C', qos })

          expect(await printed).toBe('21 °C')
        })
      }
    }

    test('the Response Topic and Correlation Data of MQTT 5.0 lead an answer back to its request', async () => {
      const stage = openStage(5)
      const question = stage.topic('question')
      const responder = await stage.subscriber(1, question)
      const properties = [
        '-D',
        'publish',
        'correlation-data',
        'request 7',
        '-D',
        'publish',
        'content-type',
        'text/plain',
      ]
      const addressed = [
        '-t',
        question,
        '-e',
        stage.topic('answers'),
        '-m',
        'how warm?',
        '-F',
        '%p (%D)',
        ...properties,
      ]

      const printed = request(responder.link, 5, addressed)
      const received = await responder.inbox.message(question)
      const { responseTopic, correlationData } = received.properties!
      await responder.publish({
        topic: responseTopic,
        payload: '21 °C',
        qos: 1,
        properties: { contentType: 'text/plain', responseTopic, correlationData, userProperties: [] },
      })

      expect(await printed).toBe('21 °C (request 7)')
    })

    test('mosquitto_sub asks for its Will Message in DISCONNECT when it is terminated', async () => {
      const stage = openStage(5)
      const topic = stage.topic('availability')
      const watcher = await stage.subscriber(1, topic)
      const client = await stage.open({
        will: { topic, payload: 'offline', qos: 1 },
        subscriptions: [{ filter: stage.topic('unused'), qos: 0 }],
      })

      await client.disconnect()
      const will = await watcher.inbox.message(topic)

      expect(will.payload.toString()).toBe('offline')
    })
  },
)
