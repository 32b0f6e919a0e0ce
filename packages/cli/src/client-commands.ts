import type { Command } from 'commander'
import { ClientCommand } from './client/client-command.ts'
import type { PublishFlags } from './commands/publish-flags.ts'
import { addPublishFlags } from './commands/publish-flags.ts'
import type { RequestFlags } from './commands/request-flags.ts'
import { addRequestFlags } from './commands/request-flags.ts'
import type { SubscribeFlags } from './commands/subscribe-flags.ts'
import { addSubscribeFlags } from './commands/subscribe-flags.ts'
import { version } from './version.ts'

/** Declares `pub`, `sub` and `request`, which are clients of any MQTT broker. */
export function addClientCommands(curlew: Command): void {
  addPublishFlags(clientCommand(curlew, ['pub', 'publish'], 'mosquitto_pub'))
    .description('Publish a message, or each line of standard input.')
    .action(async (flags: PublishFlags) => (await import('./commands/publish.ts')).publish(flags))
  addSubscribeFlags(clientCommand(curlew, ['sub', 'subscribe'], 'mosquitto_sub'))
    .description('Subscribe to topics and print the messages that come.')
    .action(async (flags: SubscribeFlags) => (await import('./commands/subscribe.ts')).subscribe(flags))
  addRequestFlags(clientCommand(curlew, ['request', 'rr'], 'mosquitto_rr'))
    .description('Publish a request and print the response to it.')
    .action(async (flags: RequestFlags) => (await import('./commands/request.ts')).request(flags))
}

function clientCommand(curlew: Command, [name, alias]: readonly [string, string], tool: string): ClientCommand {
  const command = new ClientCommand(name, tool)
  curlew.addCommand(command.copyInheritedSettings(curlew).reportsFaults())
  command
    .alias(alias)
    .summary(`as ${tool}`)
    .version(version, '--version', 'print the version')
    .addHelpText(
      'after',
      `\nThe flags are those of ${tool}; those of MQTTX work where they do not mean something else.`,
    )
  return command
}
