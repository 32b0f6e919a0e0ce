/** Fields that say which client, which listener, which number; values are shown as they are. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where events go that an operator should know of. Never called per message. */
export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Drops everything; the default of an embedded broker. */
export const silentLog: Log = {
  info() {},
  warn() {},
  error() {},
}
