/** An MQTT 5.0, 3.1.1 and 3.1 broker as a library. */
export { type Broker, type BrokerOptions, type BrokerStats, createBroker } from './broker.ts'
export { ConfigError, defaultLimits, type Limits, limitsOf } from './config.ts'
export type {
  AuthenticatingClient,
  AuthenticationExchange,
  AuthenticationMethod,
  AuthenticationStep,
} from './connection/authentication.ts'
export { type Capabilities, defaultCapabilities, type ServerReference } from './connection/capabilities.ts'
export type { ClientInfo } from './connection/services.ts'
export type { BrokerEvents } from './events.ts'
export { defaultRoutingOptions, type RoutingOptions } from './routing/router.ts'
export { type SharedStrategy, sharedStrategies } from './routing/shared-groups.ts'
export type { Log, LogFields } from './runtime/log.ts'
export { nodeRuntime } from './runtime/node-runtime.ts'
export type { Runtime } from './runtime/runtime.ts'
export { type QueuePolicy, queuePolicies } from './sessions/queue-policy.ts'
export type { StoreFault } from './store/check-findings.ts'
export { DiskStore, type DiskStoreOptions } from './store/disk-store.ts'
export {
  type Engine,
  type EngineChange,
  type EngineEntry,
  EngineError,
  type EngineFault,
  type KeyRange,
} from './store/engine.ts'
export { InterruptedImportError } from './store/import-mark.ts'
export type { Durability, JournalCounters } from './store/journal.ts'
export { LevelEngine } from './store/level-engine.ts'
export { LevelSnapshot, NoStoreError } from './store/level-snapshot.ts'
export {
  createLevelImport,
  createLevelStore,
  type LevelImport,
  type LevelStoreOptions,
  type RepairReport,
  repairLevelStore,
} from './store/level-store.ts'
export { MemoryStore } from './store/memory-store.ts'
export { StoreFormatError } from './store/migrations.ts'
export { type QueuedRecord, queuedRecord } from './store/queued-record.ts'
export { StateExport } from './store/state-export.ts'
export { StateFault } from './store/state-fields.ts'
export { StateImport } from './store/state-import.ts'
export type { StateCounts } from './store/state-line.ts'
export { type StateEntry, StateReader } from './store/state-reader.ts'
export { type SelectionOptions, type StateSelection, stateSelectionOf } from './store/state-selection.ts'
export { stillRuntime } from './store/still-runtime.ts'
export type {
  Backlog,
  SessionRecord,
  Store,
  StoredSession,
  StoredState,
  StoreHealth,
  SubscriptionRecord,
  WillRecord,
} from './store/store.ts'
export { checkStore, type StoreCounts, type StoreReport } from './store/store-check.ts'
export type { RepairStep } from './store/store-repair.ts'
export { checkExposure, isLoopback, type ListenAddress, ListenError, type ListenOptions } from './transport/listener.ts'
