import { expect, test } from 'vitest'
import { commandLine } from '../src/command-line.ts'

const lines: [how: string, event: string | undefined, script: string, args: string[], line: string][] = [
  ['its name', undefined, '/usr/bin/curlew', ['start', '--port', '1'], 'curlew start --port 1'],
  ['its file', undefined, '/home/a/bin/curlew.js', ['start'], 'node bin/curlew.js start'],
  ['a file elsewhere', undefined, '/opt/bin/curlew.js', ['start'], 'node /opt/bin/curlew.js start'],
  ['npm start', 'start', '/home/a/bin/curlew.js', ['start', '--port', '1'], 'npm start -- --port 1'],
  [
    'npm start, for another command',
    'start',
    '/home/a/bin/curlew.js',
    ['check-config', 'a'],
    'npx curlew check-config a',
  ],
  ['npx', 'npx', '/home/a/node_modules/.bin/curlew', ['start'], 'npx curlew start'],
  [
    'its name, with words to quote',
    undefined,
    '/usr/bin/curlew',
    ['start', '--data', "it's here"],
    "curlew start --data 'it'\\''s here'",
  ],
]
for (const [how, event, script, args, line] of lines) {
  test(`a line to paste starts curlew by ${how}`, () => {
    const environment = event === undefined ? {} : { npm_lifecycle_event: event }

    expect(commandLine(args, { environment, script, folder: '/home/a' })).toBe(line)
  })
}
