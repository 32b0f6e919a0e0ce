import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addClientCommands } from '../src/client-commands.ts'
import { CommandError } from '../src/command-error.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The flags of one of the commands as they are understood, without running it. */
function understood(...words: string[]): object {
  process.env['XDG_CONFIG_HOME'] = temporaryFolder()
  const curlew = new Command().exitOverride().configureOutput({ outputError: () => {} })
  addClientCommands(curlew)
  const [name, ...args] = words
  const command = curlew.commands.find(each => each.name() === name)!
  command.parseOptions(args)
  return command.opts()
}

const alike: [words: string, ours: string][] = [
  ['pub --hostname h --client-id i --username u --password p', 'pub -h h -i i -u u -P p'],
  ['pub --mqtt-version 3.1.1 --no-clean', 'pub -V 311 -c'],
  ['pub --mqtt-version=5.0', 'pub -V mqttv5'],
  ['pub --file-read f', 'pub -f f'],
  ['pub --stdin --multiline', 'pub -s -l'],
  ['pub --ca c --alpn a', 'pub --cafile c --tls-alpn a'],
  ['pub --protocol wss --path /p', 'pub --ws --tls-use-os-certs --ws-path /p'],
  [
    'pub --will-topic w --will-message m --will-delay-interval 5',
    'pub --will-topic w --will-payload m -D will will-delay-interval 5',
  ],
  [
    'pub --content-type c --payload-format-indicator 1',
    'pub -D publish content-type c -D publish payload-format-indicator 1',
  ],
  ['pub --response-topic r --correlation-data=c', 'pub -D publish response-topic r -D publish correlation-data c'],
  ['pub --user-properties k:v', 'pub -D publish user-property k v'],
  ['sub --user-properties k:v', 'sub -D subscribe user-property k v'],
  ['sub --conn-user-properties k:v', 'sub -D connect user-property k v'],
  ['sub --subscription-identifier 7 --no_local', 'sub -D subscribe subscription-identifier 7 --no-local'],
  [
    'sub --receive-maximum 3 --maximum-packet-size 100',
    'sub -D connect receive-maximum 3 -D connect maximum-packet-size 100',
  ],
  ['sub --req-response-info', 'sub -D connect request-response-information 1'],
  ['request --response-topic r', 'request -e r'],
  ['pub -m --client-id -t --path', 'pub --message=--client-id --topic=--path'],
  ['pub -D publish user-property --ca -t', 'pub -D publish user-property --ca -t'],
]
for (const [words, ours] of alike) {
  test(`${words} means ${ours}`, () => {
    expect(understood(...words.split(' '))).toEqual(understood(...ours.split(' ')))
  })
}

test('what follows -D belongs to it, whatever it looks like', () => {
  const flags = understood('pub', '-m', '-D', '-D', 'publish', 'user-property', '-t', '-h', '-t', 'a')

  expect(flags).toMatchObject({ message: '-D', topic: 'a', property: { publish: { userProperties: [['-t', '-h']] } } })
  expect(flags).not.toHaveProperty('host')
})

const wrong: [words: string, message: RegExp][] = [
  ['pub -D publish', /There is no property ''/],
  ['pub -D publish content-type', /publish content-type has no value/],
  ['pub -D publish user-property k', /publish user-property has no value/],
  [
    'pub -D publish message-expiry-interval -1',
    /message-expiry-interval is a whole number from 0 to 4294967295, not -1/,
  ],
  ['pub -D publish payload-format-indicator 2', /from 0 to 1, not 2/],
  ['pub -D publish constructor x', /There is no property 'constructor'/],
  ['pub -D will topic-alias 1', /topic-alias does not belong in will, but in publish/],
  ['pub -q 3', /argument '3' is invalid. It must be a whole number from 0 to 2/],
]
for (const [words, message] of wrong) {
  test(`${words} is refused`, () => {
    const run = () => understood(...words.split(' '))

    expect(run).toThrow(message)
    expect(run).toThrow(CommandError)
  })
}
