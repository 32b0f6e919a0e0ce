/** A broker inside a test, for vitest, node:test and any other runner. */
export { PacketLog, type PacketRecord, type PublishedMessage } from './packet-log.ts'
export { startTestBroker, type TestBroker, type TestBrokerOptions } from './test-broker.ts'
export { VirtualTime } from './virtual-time.ts'
export type { WaitOptions } from './waits.ts'
