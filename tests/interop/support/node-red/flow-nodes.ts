import type { ProtocolVersion } from '../interop-client.ts'

/** One node of flows.json. What else it has depends on its type. */
export interface FlowNode {
  readonly id: string
  readonly type: string
  readonly [setting: string]: unknown
}

const TAB = 'tab'

export const tab: FlowNode = { id: TAB, type: 'tab', label: 'interop' }

export interface BrokerNodeOptions {
  readonly url: string
  readonly clientId: string
  readonly version: ProtocolVersion
  /** Gets `online` at birth, `closed` before DISCONNECT, and `offline` as the Will Message, all retained. */
  readonly statusTopic: string
}

/** The configuration of one connection, with birth, close and will messages, and a Session that persists. */
export function brokerNode(id: string, { url, clientId, version, statusTopic }: BrokerNodeOptions): FlowNode {
  return {
    ...{ id, type: 'mqtt-broker', broker: url, clientid: clientId, protocolVersion: String(version) },
    ...{ autoConnect: true, cleansession: false, sessionExpiry: '3600', keepalive: '60', autoUnsubscribe: true },
    ...{ birthTopic: statusTopic, birthPayload: 'online', birthQos: '1', birthRetain: 'true' },
    ...{ closeTopic: statusTopic, closePayload: 'closed', closeQos: '1', closeRetain: 'true' },
    ...{ willTopic: statusTopic, willPayload: 'offline', willQos: '1', willRetain: 'true' },
  }
}

/** A connection that is opened, closed and given its settings by messages to its nodes. */
export function idleBrokerNode(id: string): FlowNode {
  return { id, type: 'mqtt-broker', broker: 'localhost', autoConnect: false }
}

export function mqttIn(id: string, broker: string, topic: string, qos: number, wires: readonly string[]): FlowNode {
  return { id, type: 'mqtt in', z: TAB, broker, topic, qos: String(qos), datatype: 'buffer', wires: [wires] }
}

/** An `mqtt in` node that takes its filters from messages. */
export function dynamicMqttIn(id: string, broker: string, wires: readonly string[]): FlowNode {
  return { id, type: 'mqtt in', z: TAB, broker, topic: '', inputs: 1, datatype: 'buffer', wires: [wires] }
}

/** An `mqtt out` node that takes topic, QoS and RETAIN from the message. */
export function mqttOut(id: string, broker: string): FlowNode {
  return { id, type: 'mqtt out', z: TAB, broker, topic: '', qos: '', retain: '', wires: [] }
}

/** A node whose body is the JavaScript `code`, one list of wires for each output. */
export function functionNode(id: string, code: string, ...wires: (readonly string[])[]): FlowNode {
  return { id, type: 'function', z: TAB, func: code, outputs: wires.length, wires }
}

/** A function node that runs `code` once, when the flows start, and sends by itself. */
export function startingFunctionNode(id: string, code: string, ...wires: (readonly string[])[]): FlowNode {
  return { ...functionNode(id, '', ...wires), initialize: code }
}

/** A node that passes on what happens to others: their completion, their errors or their status. */
export function observerNode(
  id: string,
  type: 'complete' | 'catch' | 'status',
  scope: readonly string[],
  wires: readonly string[],
): FlowNode {
  return { id, type, z: TAB, scope, uncaught: false, wires: [wires] }
}
