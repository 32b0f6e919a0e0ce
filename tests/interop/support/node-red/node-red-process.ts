import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChildProcess } from '../child-process.ts'
import { peerFolder } from '../peers.ts'
import type { FlowNode } from './flow-nodes.ts'

export interface NodeRedOptions {
  readonly flows: readonly FlowNode[]
  /** How long Node-RED waits before it connects again. */
  readonly reconnectMs: number
  /** What function nodes find in their global context: JavaScript for settings.js. */
  readonly globals?: string
}

/** A headless Node-RED: no editor, no HTTP, its flows from a file, everything else in a temporary folder. */
export class NodeRed {
  readonly #userFolder: string
  #process: ChildProcess | undefined

  private constructor(userFolder: string) {
    this.#userFolder = userFolder
  }

  /** Writes the folder that Node-RED will start from. */
  static async create({ flows, reconnectMs, globals = '{}' }: NodeRedOptions): Promise<NodeRed> {
    const userFolder = await mkdtemp(join(tmpdir(), 'interop-node-red-'))
    const settings = {
      flowFile: 'flows.json',
      httpAdminRoot: false,
      httpNodeRoot: false,
      mqttReconnectTime: reconnectMs,
      credentialSecret: false,
      telemetry: { enabled: false, updateNotification: false },
      externalModules: { autoInstall: false, palette: { allowInstall: false } },
    }
    const module = `module.exports = { ...${JSON.stringify(settings)}, functionGlobalContext: ${globals} }\n`
    await writeFile(join(userFolder, 'settings.js'), module)
    await writeFile(join(userFolder, 'flows.json'), JSON.stringify(flows))
    return new NodeRed(userFolder)
  }

  /** Resolves when the flows run, which is not yet when they are connected. */
  async start(): Promise<ChildProcess> {
    const program = join(peerFolder('node-red'), 'red.js')
    this.#process = new ChildProcess(process.execPath, [program, '--userDir', this.#userFolder])
    await this.#process.line(/Started flows/)
    return this.#process
  }

  /** SIGINT lets Node-RED close its flows; SIGKILL is a power cut. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#process?.stop(signal)
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    await rm(this.#userFolder, { recursive: true, force: true })
  }
}
