import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { within } from './support/bounded-wait.ts'
import { mqttJs } from './support/clients/mqttjs.ts'
import { nodeRed } from './support/clients/node-red.ts'
import { type ProtocolVersion, VERSION_NAMES } from './support/interop-client.ts'
import { brokerNode, type FlowNode, functionNode, mqttIn, mqttOut, tab } from './support/node-red/flow-nodes.ts'
import { NodeRed } from './support/node-red/node-red-process.ts'
import { missingPeer } from './support/peers.ts'
import { describeFamily } from './support/scenarios.ts'
import { reportSkip } from './support/skips.ts'
import { Stage } from './support/stage.ts'
import { startTarget, type Target } from './support/target.ts'

describeFamily(nodeRed())

const ANSWER = `return { topic: msg.topic.replace('request', 'answer'), payload: msg.payload, qos: msg.qos }`

/** What a user deploys: a connection with birth, close and will messages, and a flow that answers requests. */
function answeringFlow(stage: Stage, version: ProtocolVersion, target: Target): FlowNode[] {
  const id = (name: string) => `${name}-${version}`
  return [
    brokerNode(id('broker'), {
      url: `mqtt://${target.host}:${target.mqttPort}`,
      clientId: stage.clientId(`node-red-${version}`),
      version,
      statusTopic: stage.topic(`status-${version}`),
    }),
    mqttIn(id('in'), id('broker'), stage.topic(`request-${version}/#`), 2, [id('answer')]),
    functionNode(id('answer'), ANSWER, [id('out')]),
    mqttOut(id('out'), id('broker')),
  ]
}

const missing = missingPeer('node-red') ?? missingPeer('mqtt')

describe.skipIf(missing !== undefined)(
  missing === undefined
    ? 'a deployed flow of Node-RED'
    : `a deployed flow of Node-RED ${reportSkip('Node-RED', missing)}`,
  () => {
    let target: Target
    beforeAll(async () => {
      target = await startTarget()
    })
    afterAll(() => target?.close())

    for (const version of [3, 4, 5] as const) {
      describe(VERSION_NAMES[version], () => {
        const observing = { version: 5, transport: 'tcp', lacks: {} } as const

        /** A stage for MQTT.js, with a Node-RED that runs the answering flow beside it. */
        async function setUp() {
          const stage = new Stage(target, mqttJs('mqtt', 'MQTT.js 5'), observing)
          const flows = [tab, ...answeringFlow(stage, version, target)]
          const nodeRed = await NodeRed.create({ flows, reconnectMs: 50 })
          onTestFinished(async () => {
            await nodeRed.remove()
            await stage.close()
          })
          const observer = await stage.subscriber(2, stage.topic('#'))
          const [status, request] = [stage.topic(`status-${version}`), stage.topic(`request-${version}/a`)]
          await nodeRed.start()
          await observer.inbox.message(status, 'online')
          return { stage, nodeRed, observer, status, request, answer: stage.topic(`answer-${version}/a`) }
        }

        test('announces its birth, answers, and says goodbye without its Will Message', async () => {
          const { stage, nodeRed, observer, status, request, answer } = await setUp()

          await observer.publish({ topic: request, payload: 'one', qos: 1 })
          const first = await observer.inbox.message(answer, 'one')
          await observer.publish({ topic: request, payload: 'two', qos: 2 })
          const second = await observer.inbox.message(answer, 'two')
          await nodeRed.stop('SIGINT')
          await observer.inbox.message(status, 'closed')
          const late = await stage.subscriber(1, status)
          const retained = await late.inbox.message(status)

          expect([first.qos, second.qos]).toEqual([1, 2])
          expect(observer.inbox.texts(status)).toEqual(['online', 'closed'])
          expect(retained).toMatchObject({ retain: true, payload: Buffer.from('closed') })
        })

        test('is reported dead when it is killed, and answers what it missed when it is back', async () => {
          const { nodeRed, observer, status, request, answer } = await setUp()

          await nodeRed.stop('SIGKILL')
          await observer.inbox.message(status, 'offline')
          for (const payload of ['one', 'two', 'three']) await observer.publish({ topic: request, payload, qos: 1 })
          await nodeRed.start()
          await observer.inbox.message(status, 'online', 2)
          await observer.inbox.message(answer, 'three')

          expect(observer.inbox.texts(answer)).toEqual(['one', 'two', 'three'])
        })

        test('comes back when another client has taken its client identifier', async () => {
          const { stage, observer, status, request, answer } = await setUp()

          // MQTT.js subscribes again if CONNACK says that the Session is gone, which MQTT 3.1 has no way to say.
          const session = version === 3 ? { clean: false, sessionExpiryInterval: 3600 } : { clean: true }
          const thief = await stage.open({ clientId: stage.clientId(`node-red-${version}`), ...session })
          await within(thief.disconnected(), () => 'Node-RED to take its Session over again')
          await observer.inbox.message(status, 'online', 2)
          await observer.publish({ topic: request, payload: 'still there?', qos: 1 })
          await observer.inbox.message(answer)

          expect(observer.inbox.texts(answer)).toEqual(['still there?'])
        })
      })
    }
  },
)
