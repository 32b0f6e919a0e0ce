import { setTimeout as passed } from 'node:timers/promises'
import type { Client, PublishOptions } from '@curlew/client'
import { ClientSession } from '../client/client-session.ts'
import { ToolExitCode } from '../client/connection-fault.ts'
import { type PayloadSource, payloadSource } from '../client/payload-source.ts'
import { publishOptions } from '../client/publish-options.ts'
import { serverAddress } from '../client/server-address.ts'
import { runTool } from '../client/tool-run.ts'
import { CommandError } from '../command-error.ts'
import { commandLine } from '../command-line.ts'
import type { PublishFlags } from './publish-flags.ts'

/**
 * `curlew pub`: publishes one message, or each line of standard input, and ends when all of them are delivered.
 *
 * @throws {CommandError} when one of them is not
 */
export async function publish(flags: PublishFlags): Promise<void> {
  const address = serverAddress(flags)
  const source = await payloadSource(flags, process.stdin)
  const topic = flags.topic ?? address.topic
  if (source === undefined || topic === undefined) {
    const message = `pub needs ${topic === undefined ? 'a topic (-t)' : 'a message (-m, -f, -l, -s or -n)'}`
    throw new CommandError(ToolExitCode.Failed, message, [commandLine(['pub', '-t', 'hello/world', '-m', 'it works'])])
  }
  await runTool(flags, async state => {
    // Whoever writes lines does not see that the connection is lost, so it is made again, as in Mosquitto's tool.
    const more = 'lines' in source ? {} : ({ reconnect: false } as const)
    const session = await ClientSession.open({ flags, address, state }, more)
    state.show(`connected to ${address.name}, publishing to ${topic}`)
    try {
      await session.during(publishAll(session.client, topic, source, flags))
    } finally {
      await session.close()
    }
  })
}

async function publishAll(client: Client, topic: string, source: PayloadSource, flags: PublishFlags): Promise<void> {
  const options = publishOptions(flags, flags.retain === true)
  if ('lines' in source) await publishLines(client, topic, source.lines, options, flags.maxInflight)
  else await publishOften(client, topic, source.one, options, flags)
  await client.drain()
}

/**
 * At most `maxInflight` messages are under way; while they are, no further line is read. A line that is refused does not keep the others
 * from being published.
 */
async function publishLines(
  client: Client,
  topic: string,
  lines: AsyncIterable<Uint8Array>,
  options: PublishOptions,
  maxInflight: number,
): Promise<void> {
  const underWay = new Set<Promise<unknown>>()
  const faults: unknown[] = []
  for await (const line of lines) {
    const delivery: Promise<unknown> = client
      .publish(topic, line, options)
      .catch(error => faults.length === 0 && faults.push(error))
      .finally(() => underWay.delete(delivery))
    underWay.add(delivery)
    if (underWay.size >= maxInflight) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  if (faults.length > 0) throw faults[0]
}

/** One after the other: each is delivered before the delay for the next one begins. */
async function publishOften(
  client: Client,
  topic: string,
  payload: Uint8Array,
  options: PublishOptions,
  { repeat, repeatDelay }: PublishFlags,
): Promise<void> {
  for (let count = 1; ; count++) {
    await client.publish(topic, payload, options)
    if (count >= repeat) return
    if (repeatDelay > 0) await passed(repeatDelay * 1000)
  }
}
