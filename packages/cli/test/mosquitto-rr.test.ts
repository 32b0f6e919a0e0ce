import { compareTools, type ToolCase } from './tool-case.ts'

const ask = (...args: string[]): ToolCase => ({ args: ['-t', 'req/a', '-e', 'resp', ...args] })
const fault = (...args: string[]): ToolCase => ({ args, versions: ['5'], isFault: true })

/**
 * Not compared: `-f` and `-s`, for which mosquitto_rr 2.0.11 sends an empty message; `-R` and
 * `--retain-as-published` in MQTT 5.0, which it takes and does not pass on; `-l`, which it does not have.
 */
compareTools('request', [
  ask('-m', 'hi'),
  ask('-m', 'hi', '-q', '1'),
  ask('-m', 'hi', '-q', '2', '-v'),
  ask('-m', 'hi', '-N'),
  ask('-n'),
  ask('-m', 'hi', '-F', '%t %p %q %r %C'),
  { ...ask('-m', 'hi', '-F', '%j'), isTimed: true },
  { ...ask('-m', '"hi"', '-F', '%j', '--pretty'), isTimed: true },
  { ...ask('-m', 'hi', '-R'), versions: ['311'] },
  ask('-m', 'hi', '-W', '20'),
  { ...ask('-m', 'hi', '-D', 'publish', 'correlation-data', 'c1', '-F', '%D'), versions: ['5'] },
  { ...ask('-m', 'hi', '-D', 'publish', 'user-property', 'k', 'v'), versions: ['5'] },
  ask('-m', 'hi', '-i', 'me', '-u', 'me', '-P', 'secret', '-k', '30'),
  { args: ['-L', 'mqtt://127.0.0.1:PORT/req/url', '-e', 'resp', '-m', 'x'] },
  { args: ['-t', 'nobody', '-e', 'resp', '-m', 'x', '-W', '3'] },
  { args: ['-t', 'nobody', '-e', 'resp', '-m', 'x', '-W', '3', '-q', '1', '--quiet'] },
  fault('-t', 'req/a', '-e', 'resp'),
  fault('-e', 'resp', '-m', 'x'),
  fault('-t', 'req/#', '-e', 'resp', '-m', 'x'),
  fault('-t', 'req/a', '-e', 'resp/#', '-m', 'x'),
  fault('-t', 'req/a', '-e', 'resp', '-m', 'x', '-n'),
  fault('-t', 'req/a', '-e', 'resp', '-m', 'x', '-C', '1'),
  fault('-t', 'req/a', '-e', 'resp', '-m', 'x', '-r'),
  fault('-t', 'req/a', '-e', 'resp', '-m', 'x', '-D', 'publish', 'response-topic', 'other'),
  fault('-t', 'req/a', '-e', 'resp', '-m', 'x', '-p', '1'),
])
