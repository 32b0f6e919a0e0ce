import {
  dynamicMqttIn,
  type FlowNode,
  functionNode,
  idleBrokerNode,
  mqttOut,
  observerNode,
  startingFunctionNode,
  tab,
} from './flow-nodes.ts'

/** How many connections one Node-RED has for the tests, and so how many clients one scenario may have open. */
export const SLOTS = 6

/**
 * What the slots need of settings.js: commands from standard input, one JSON object a line, given to the slot they
 * name, and events to standard output.
 */
export const SLOT_GLOBALS = `{
  commands: (() => {
    const commands = new (require('node:events').EventEmitter)()
    const lines = require('node:readline').createInterface({ input: process.stdin })
    lines.on('line', line => {
      const command = JSON.parse(line)
      commands.emit('slot ' + command.slot, command)
    })
    return commands
  })(),
  emit: event => process.stdout.write(JSON.stringify(event) + '\\n'),
}`

/**
 * Connect, disconnect, subscribe and unsubscribe go to `mqtt in`, messages to `mqtt out`; both keep `msg.call`. Filters
 * come in a list, and are subscribed to without Retain As Published, for which Node-RED asks by default with MQTT 5.
 */
const DISPATCH = (slot: number) => `
global.get('commands').on('slot ${slot}', ({ call, action, topic, broker, message }) => {
  if (action !== 'publish') {
    const filters = Array.isArray(topic) ? topic.map(filter => ({ ...filter, rap: false })) : topic
    return node.send([{ call, action, topic: filters, broker }, null])
  }
  const payload = Buffer.from(message.payload, 'base64')
  const correlationData = message.correlationData && Buffer.from(message.correlationData, 'base64')
  node.send([null, { ...message, call, payload, correlationData }])
})
`

const MESSAGE = `{
  event: 'message', topic: msg.topic, payload: msg.payload.toString('base64'), qos: msg.qos, retain: msg.retain,
  contentType: msg.contentType, responseTopic: msg.responseTopic, userProperties: msg.userProperties,
  correlationData: msg.correlationData && msg.correlationData.toString('base64'),
}`
const DONE = `{ event: 'done', call: msg.call }`
const FAILED = `{ event: 'failed', call: msg.call, error: msg.error.message }`
const STATUS = `{ event: 'status', isConnected: msg.status.text === 'node-red:common.status.connected' }`

/**
 * Flows with {@link SLOTS} connections that do what they are told:
 *
 *     command ─▶ dispatch ─▶ mqtt in (dynamic) ─▶ received ─▶ event
 *                        └─▶ mqtt out     complete, catch, status ─▶ event
 */
export function slotFlows(): FlowNode[] {
  return [tab, ...Array.from({ length: SLOTS }, (_unused, slot) => slotNodes(slot)).flat()]
}

function slotNodes(slot: number): FlowNode[] {
  const id = (name: string) => `${name}-${slot}`
  const both = [id('in'), id('out')]
  const reporter = (name: string, event: string) =>
    functionNode(id(name), `global.get('emit')({ slot: ${slot}, ...${event} })`)
  return [
    idleBrokerNode(id('broker')),
    startingFunctionNode(id('dispatch'), DISPATCH(slot), [id('in')], [id('out')]),
    dynamicMqttIn(id('in'), id('broker'), [id('received')]),
    mqttOut(id('out'), id('broker')),
    observerNode(id('complete'), 'complete', both, [id('done')]),
    observerNode(id('catch'), 'catch', both, [id('failed')]),
    observerNode(id('status'), 'status', [id('out')], [id('changed')]),
    reporter('received', MESSAGE),
    reporter('done', DONE),
    reporter('failed', FAILED),
    reporter('changed', STATUS),
  ]
}
