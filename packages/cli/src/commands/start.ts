import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  type Broker,
  createBroker,
  createLevelStore,
  EngineError,
  InterruptedImportError,
  isLoopback,
  ListenError,
  type Store,
  StoreFormatError,
} from '@curlew/broker'
import { CommandError, ExitCode } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import { DataFolderError, prepareDataFolder } from '../data-folder.ts'
import { createLogger, type Logger } from '../logger.ts'
import { openFilesMax, withinOpenFiles } from '../open-files.ts'
import { isColourful, styleOf } from '../output.ts'
import { type ListenerSettings, readSettings, type Settings } from '../settings.ts'
import { type StartFlags, startArguments } from '../start-flags.ts'
import { type StartedListener, startTable } from '../start-table.ts'
import { closesWithin, stopRequested } from '../stopping.ts'
import { interruptedImport } from '../stored-state.ts'
import { version } from '../version.ts'

/** Milliseconds that a graceful stop may take. */
const STOP_TIMEOUT_MS = 10_000

/**
 * `curlew start`: runs a broker until SIGINT or SIGTERM.
 *
 * @throws {CommandError} when it can not start as it was asked to, or not stop in time
 */
export async function start(flags: StartFlags): Promise<void> {
  const settings = readSettings(flags)
  const stop = stopRequested()
  if (settings.durability !== 'memory') await preparedDataFolder(settings, flags)
  const logger = await createLogger(process.stderr, {
    level: settings.logLevel,
    format: settings.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    isColourful: isColourful(process.stderr),
  })
  const { queuePolicy, capabilities, routing } = settings
  const limits = withinOpenFiles(settings.limits, openFilesMax())
  const store = storeOf(settings, logger)
  const broker = createBroker({ limits, queuePolicy, capabilities, routing, log: logger, ...(store && { store }) })
  logClients(broker, logger)
  const addresses = await listenOnAll(broker, settings, flags)
  logger.open()
  const { configFile, dataFolder, durability } = settings
  const facts = { version, pid: process.pid, configFile, dataFolder, durability, addresses }
  process.stdout.write(startTable(facts, styleOf(process.stdout)))
  const reason = await stop
  logger.info('stopping', { reason, connections: broker.stats().connections })
  if (await closesWithin(broker.close(), STOP_TIMEOUT_MS)) return
  const { connections } = broker.stats()
  const message = `the broker did not stop within ${STOP_TIMEOUT_MS / 1000} s; connections still open: ${connections}`
  throw new CommandError(ExitCode.Failed, message)
}

async function preparedDataFolder({ dataFolder }: Settings, flags: StartFlags): Promise<void> {
  try {
    await prepareDataFolder(dataFolder)
  } catch (error) {
    if (!(error instanceof DataFolderError)) throw error
    const elsewhere = commandLine(startArguments({ ...flags, data: join(homedir(), 'curlew-data') }))
    throw new CommandError(ExitCode.Failed, error.message, [elsewhere], { cause: error })
  }
}

/** Where the broker keeps what outlives it; `undefined`: in memory. */
function storeOf({ dataFolder, durability }: Settings, log: Logger): Store | undefined {
  return durability === 'memory' ? undefined : createLevelStore({ folder: join(dataFolder, 'store'), durability, log })
}

/** What to do about a store that cannot be opened. */
function storeFault(error: EngineError | StoreFormatError, { dataFolder }: Settings, flags: StartFlags): CommandError {
  const elsewhere = commandLine(startArguments({ ...flags, data: join(homedir(), 'curlew-data') }))
  const isLocked = error instanceof EngineError && error.fault === 'locked'
  const message = isLocked
    ? `data folder ${dataFolder} is in use by another broker or curlew command: stop it, or give this one a folder of its own`
    : `cannot open the store in ${dataFolder}: ${error.message}`
  return new CommandError(ExitCode.Failed, message, [elsewhere], { cause: error })
}

/** Connections come and go too often to be told unasked. */
function logClients(broker: Broker, logger: Logger): void {
  broker.on('connected', client => logger.debug('client connected', { ...client }))
  broker.on('disconnected', client => logger.debug('client disconnected', { ...client }))
}

/** Starts every listener, or none. */
async function listenOnAll(broker: Broker, settings: Settings, flags: StartFlags): Promise<StartedListener[]> {
  const started: StartedListener[] = []
  for (const listener of settings.listeners) {
    try {
      started.push({ ...(await broker.listen(listener)), isOpen: !isLoopback(listener.host) })
    } catch (error) {
      await broker.close()
      if (error instanceof InterruptedImportError) throw interruptedImport(error, settings.dataFolder)
      if (error instanceof EngineError || error instanceof StoreFormatError) throw storeFault(error, settings, flags)
      if (!(error instanceof ListenError)) throw error
      throw new CommandError(ExitCode.Failed, error.message, [wayOut(error, listener, settings, flags)], {
        cause: error,
      })
    }
  }
  return started
}

/** What to do about a listener that could not be started. */
function wayOut({ code }: ListenError, listener: ListenerSettings, settings: Settings, flags: StartFlags): string {
  if (code === 'ERR_LISTEN_FAILED') return commandLine(startArguments({ ...flags, host: '127.0.0.1', insecure: false }))
  const { protocol, port } = listener
  const isOnly = settings.listeners.filter(other => other.protocol === protocol).length === 1
  if (!isOnly) return `another host or port for this listener in ${settings.configFile}`
  const other = alternativePort(port)
  return commandLine(startArguments(protocol === 'mqtt' ? { ...flags, port: other } : { ...flags, wsPort: other }))
}

/** The next port that anybody may use; after the last one, any free port. */
function alternativePort(port: number): number {
  if (port < 1024) return port + 10_000
  return port === 65_535 ? 0 : port + 1
}
