import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../../fault/crash/free-port.ts'
import { ChildProcess } from './child-process.ts'
import type { Target } from './target.ts'

/** Starts Debian's Mosquitto on two free ports, with everything allowed and nothing kept on disk. */
export async function startMosquitto(): Promise<Target> {
  const host = '127.0.0.1'
  const [mqttPort, webSocketPort] = [await freePort(host), await freePort(host)]
  const folder = await mkdtemp(join(tmpdir(), 'interop-mosquitto-'))
  const configFile = join(folder, 'mosquitto.conf')
  await writeFile(configFile, configuration(host, mqttPort, webSocketPort))

  const path = [process.env['PATH'], '/usr/sbin'].join(delimiter) // Debian keeps daemons out of users' PATH.
  const broker = new ChildProcess('mosquitto', ['-c', configFile], { PATH: path })
  await broker.line(/mosquitto version .* running/)
  const close = async () => {
    await broker.stop('SIGKILL')
    await rm(folder, { recursive: true })
  }
  return { host, mqttPort, webSocketPort, close }
}

function configuration(host: string, mqttPort: number, webSocketPort: number): string {
  return [
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    'log_dest stderr',
    `listener ${mqttPort} ${host}`,
    `listener ${webSocketPort} ${host}`,
    'protocol websockets',
    '',
  ].join('\n')
}
