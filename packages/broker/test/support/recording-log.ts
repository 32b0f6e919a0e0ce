import type { Log, LogFields } from '../../src/runtime/log.ts'

/** A {@link Log} that keeps what it gets, as `level event`, with the fields beside it. */
export class RecordingLog implements Log {
  readonly entries: { readonly line: string; readonly fields: LogFields }[] = []

  info(event: string, fields: LogFields = {}): void {
    this.entries.push({ line: `info ${event}`, fields })
  }

  warn(event: string, fields: LogFields = {}): void {
    this.entries.push({ line: `warn ${event}`, fields })
  }

  error(event: string, fields: LogFields = {}): void {
    this.entries.push({ line: `error ${event}`, fields })
  }

  /** The lines of one level. */
  lines(level: 'info' | 'warn' | 'error'): string[] {
    return this.entries.map(({ line }) => line).filter(line => line.startsWith(level))
  }
}
