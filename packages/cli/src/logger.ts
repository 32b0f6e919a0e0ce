import type { Log, LogFields } from '@curlew/broker'
import { pino } from 'pino'
import type { LogFormat, LogLevel } from './config-schema.ts'

/** Bytes that wait for whoever reads the log at most; what does not fit is dropped and counted. */
const PENDING_BYTES_MAX = 1_048_576

/** The log of the broker and one level below it, for what happens too often to be told unasked. */
export interface Logger extends Log {
  debug(event: string, fields?: LogFields): void
  /** Lets out what was only for information and has waited. A start that fails shall say nothing but why. */
  open(): void
}

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly isColourful: boolean
}

/**
 * A log of events, one to a line. A reader of `stream` that stands still never holds up the broker: beyond
 * {@link PENDING_BYTES_MAX} lines are dropped, and how many is logged as soon as there is room.
 */
export async function createLogger(stream: NodeJS.WriteStream, options: LoggerOptions): Promise<Logger> {
  const prettify = options.format === 'pretty' ? await prettifier(options.isColourful) : undefined
  let droppedCount = 0
  const write = (line: string): void => {
    if (stream.writableLength > PENDING_BYTES_MAX) {
      droppedCount++
      return
    }
    const count = droppedCount
    droppedCount = 0
    if (count > 0) logger.warn({ count }, 'log lines dropped')
    stream.write(prettify === undefined ? line : prettify(line))
  }
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
    },
    { write },
  )
  let waiting: (() => void)[] | undefined = []
  const whenOpen = (log: () => void): void => {
    if (waiting === undefined) log()
    else waiting.push(log)
  }
  return {
    debug: (event, fields = {}) => whenOpen(() => logger.debug(fields, event)),
    info: (event, fields = {}) => whenOpen(() => logger.info(fields, event)),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    open() {
      const events = waiting ?? []
      waiting = undefined
      for (const log of events) log()
    },
  }
}

async function prettifier(isColourful: boolean): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty')
  return prettyFactory({
    colorize: isColourful,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
    errorLikeObjectKeys: ['error'],
  }) as (line: string) => string
}
