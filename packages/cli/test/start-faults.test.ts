import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { prepareDataFolder } from '../src/data-folder.ts'
import { runCurlew, startCurlew } from './curlew-process.ts'
import { RawClient } from './raw-client.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A port of this machine that is taken as long as the test runs. */
async function takenPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
  })
  return (server.address() as { port: number }).port
}

test('the second broker on a port says so and ends with code 1, and the first goes on', async () => {
  const folder = temporaryFolder()
  const port = await startCurlew(folder).port('mqtt')

  const second = await runCurlew(['start', '--port', `${port}`, '--no-ws', '--data', 'other'], { folder })

  const line = `port ${port} on 127.0.0.1 is taken by another program: stop that program or choose another port`
  expect(second).toEqual({
    ending: 1,
    stdout: '',
    stderr: `curlew: ${line}\nTry: curlew start --port ${port + 1} --no-ws --data other\n`,
  })
  await expect(new RawClient(port).connect('reader')).resolves.toMatchObject({ reasonCode: 0 })
})

test('the second broker on a data folder says so and ends with code 1, and the first goes on', async () => {
  const folder = temporaryFolder()
  const port = await startCurlew(folder).port('mqtt')

  const { ending, stdout, stderr } = await runCurlew(['start', '-p', '0', '--no-ws'], { folder })

  expect([ending, stdout]).toEqual([1, ''])
  expect(stderr.split('\n')[0]).toBe(
    `curlew: data folder ${join(folder, 'data')} is in use by another broker or curlew command: stop it, or give this one a folder of its own`,
  )
  await expect(new RawClient(port).connect('reader')).resolves.toMatchObject({ reasonCode: 0 })
})

test('a taken port of the second listener ends the first as well', async () => {
  const folder = temporaryFolder()
  const port = await takenPort()

  const { ending, stdout, stderr } = await runCurlew(['start', '-p', '0', '--ws-port', `${port}`], { folder })

  expect([ending, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`\nTry: curlew start --port 0 --ws-port ${port + 1}\n`)
})

test('a taken port of one of several listeners is looked for in the file', async () => {
  const port = await takenPort()
  const yaml = `listeners: [{ protocol: mqtt, port: 0 }, { protocol: mqtt, port: ${port} }]`

  const { ending, stderr } = await runCurlew(['start'], { folder: temporaryFolder({ 'curlew.yaml': yaml }) })

  expect(ending).toBe(1)
  expect(stderr).toMatch(/\nTry: another host or port for this listener in curlew.yaml\n$/)
})

test('an address that this machine does not have leads to one that it has', async () => {
  const args = ['start', '--host', '192.0.2.1', '--port', '0', '--insecure']

  const { ending, stderr } = await runCurlew(args, { folder: temporaryFolder() })

  expect(ending).toBe(1)
  expect(stderr).toBe(
    'curlew: cannot listen on 192.0.2.1 port 0: this machine has no address 192.0.2.1\n' +
      'Try: curlew start --host 127.0.0.1 --port 0\n',
  )
})

test('a data folder below a file can not be', async () => {
  const folder = temporaryFolder({ taken: '' })

  const outcome = await runCurlew(['start', '--port', '0', '--data', 'taken/data'], { folder })

  const line = `cannot use data folder ${join(folder, 'taken/data')}: a file is where a folder should be`
  const elsewhere = join(homedir(), 'curlew-data')
  expect(outcome).toEqual({
    ending: 1,
    stdout: '',
    stderr: `curlew: ${line}\nTry: curlew start --port 0 --data ${elsewhere}\n`,
  })
})

test('a file is no data folder', async () => {
  const folder = temporaryFolder({ data: '' })

  await expect(prepareDataFolder(join(folder, 'data'))).rejects.toThrow('a file is where a folder should be')
})

/** Modes do not stop root, so root becomes somebody else for a while. */
async function asOrdinaryUser(work: () => Promise<void>): Promise<void> {
  if (process.geteuid!() !== 0) return work()
  process.seteuid!(65_534)
  try {
    await work()
  } finally {
    process.seteuid!(0)
  }
}

const modes: [mode: number, what: string][] = [
  [0o555, 'may not be written'],
  [0o000, 'may not be entered'],
]
for (const [mode, what] of modes) {
  test(`a data folder that ${what} is refused, to be made or there already`, async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'locked'), { mode })

    await asOrdinaryUser(async () => {
      const refusal = 'this user may not write there'
      await expect(prepareDataFolder(join(folder, 'locked'))).rejects.toThrow(refusal)
      await expect(prepareDataFolder(join(folder, 'locked/data'))).rejects.toThrow(refusal)
    })
  })
}

test('an address that others can reach is refused, with the lines to paste', async () => {
  const outcome = await runCurlew(['start', '-h', '0.0.0.0', '-p', '0'], { folder: temporaryFolder() })

  expect(outcome.ending).toBe(2)
  expect(outcome.stdout).toBe('')
  expect(outcome.stderr.split('\n')).toEqual([
    expect.stringMatching(/^curlew: 0\.0\.0\.0 can be reached from other machines .*\(--insecure\)$/),
    'Try: curlew start --host 127.0.0.1 --port 0   # this machine only',
    'Try: curlew start --host 0.0.0.0 --port 0 --insecure   # everybody may do everything',
    '',
  ])
})

const unused: [what: string, yaml: string, args: string[], line: string][] = [
  [
    'two listeners on one port',
    '',
    ['--port', '8083'],
    'two listeners want port 8083 on 127.0.0.1: give one of them another port',
  ],
  [
    'a port for one of two listeners',
    'listeners: [{ protocol: mqtt }, { protocol: mqtt, port: 1884 }]',
    ['--port', '1885'],
    '--port 1885 does not say which of the 2 mqtt listeners of the configuration it is for',
  ],
  [
    '--no-ws without any other listener',
    'listeners: [{ protocol: ws }]',
    ['--no-ws'],
    '--no-ws leaves nothing to listen on: the configuration has only ws listeners',
  ],
]
for (const [what, yaml, args, line] of unused) {
  test(`${what} is refused`, async () => {
    const folder = temporaryFolder({ 'curlew.yaml': yaml })

    const { ending, stderr } = await runCurlew(['start', ...args], { folder })

    expect(ending).toBe(2)
    expect(stderr.split('\n')[0]).toBe(`curlew: ${line}`)
  })
}
