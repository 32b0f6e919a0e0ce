import { onTestFinished } from 'vitest'
import { type Client, type ConnectOptions, connect } from '../../src/index.ts'
import { ScriptedServer } from './scripted-server.ts'
import { VirtualRuntime } from './virtual-runtime.ts'

/** A Client in virtual time and the scripted Server it talks to. */
export interface Setting {
  readonly client: Client
  readonly server: ScriptedServer
  readonly runtime: VirtualRuntime
}

/** Connects a Client in virtual time; the CONNECT has been taken. The Client is closed when the test is over. */
export async function connected(
  options: ConnectOptions = {},
  server: ScriptedServer = new ScriptedServer(),
): Promise<Setting> {
  const runtime = new VirtualRuntime()
  const client = await connect([], { transport: server, runtime, ...options })
  onTestFinished(async () => {
    void client.close()
    await runtime.pass(5_000)
  })
  await server.link.take()
  return { client, server, runtime }
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    value => new Error(`it resolved with ${String(value)}`),
    error => error,
  )
}
