import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CurlewProcess, runCurlew } from './curlew-process.ts'
import { bodyOf, LARGE_BYTES, leaveState, startFilled, valuesOf } from './left-state.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What is in the files of a store, by their names; LevelDB's own log is no part of it. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter(name => !name.startsWith('LOG'))
  return Object.fromEntries(
    names.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  )
}

async function leftFolder(): Promise<string> {
  const folder = temporaryFolder()
  await leaveState(folder)
  return folder
}

test('what a broker has left that was killed is exported, and stays as it is', async () => {
  const folder = await leftFolder()
  const before = filesOf(join(folder, 'data/store'))

  const { ending, stdout, stderr } = await runCurlew(['export'], { folder })

  const values = valuesOf(stdout)
  expect(stderr).toBe(
    'exported 2 Sessions with 3 Subscriptions, 4 queued messages and 1 incoming Packet Identifier; 3 retained messages\n',
  )
  expect(ending).toBe(0)
  expect(values[0]).toMatchObject({ type: 'header', format: 'curlew-state', version: 1 })
  expect(values.slice(1, 5)).toMatchObject([
    {
      type: 'session',
      clientId: 'device/1',
      expiryInterval: 3600,
      will: {
        delayInterval: 3600,
        message: { topic: 'will', payload: 'Z29uZQ==', properties: { userProperties: [['a', '1']] } },
      },
    },
    { type: 'subscription', clientId: 'device/1', filter: '$share/group/s', qos: 1 },
    { type: 'subscription', clientId: 'device/1', filter: 'a/#', qos: 2, identifier: 7 },
    { type: 'incoming', clientId: 'device/1', packetId: 77 },
  ])
  expect(values[5]).toEqual({
    type: 'queued',
    clientId: 'device/1',
    sequence: 0,
    qos: 2,
    retain: false,
    isReleased: true,
    subscriptionIdentifiers: [7],
    message: {
      topic: 'a/first',
      qos: 2,
      retain: false,
      publisherId: 'publisher',
      properties: {
        contentType: 'text/plain',
        responseTopic: 'answer/here',
        correlationData: 'AP8K',
        userProperties: [
          ['b', '2'],
          ['a', '1'],
          ['b', '1'],
        ],
      },
      payload: 'eA==',
    },
  })
  const soon = values[6] as { message: { expiresAtMs: number } }
  expect(Math.abs(soon.message.expiresAtMs - Date.now() - 600_000)).toBeLessThan(60_000)
  expect(values[7]).toMatchObject({ sequence: 2, isReleased: false, message: { payload: 'AA0K/w==' } })
  const [, , large] = values.slice(8) as { message: { payload: string } }[]
  expect(Buffer.from(large!.message.payload, 'base64').toString()).toBe('ö'.repeat(LARGE_BYTES / 2))
  expect(values.slice(-4).map(({ type }) => type)).toEqual(['retained', 'retained', 'retained', 'end'])
  expect(filesOf(join(folder, 'data/store'))).toEqual(before)
  expect(readdirSync(join(folder, 'data'))).toEqual(['store'])
})

test('an export to a file is for its owner alone, and takes the place of another one when it is whole', async () => {
  const folder = await leftFolder()
  writeFileSync(join(folder, 'state.jsonl'), 'old')

  const { ending, stdout } = await runCurlew(['export', '--output', 'state.jsonl'], { folder })
  const again = await runCurlew(['export'], { folder })

  const path = join(folder, 'state.jsonl')
  expect(ending).toBe(0)
  expect(stdout).toMatch(/^exported 2 Sessions .* to state\.jsonl\n$/)
  expect(bodyOf(readFileSync(path, 'utf8'))).toBe(bodyOf(again.stdout))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).sort()).toEqual(['data', 'state.jsonl'])
})

const selections: [args: string[], ...lines: string[]][] = [
  [['--sessions', '*/2', '--sessions', 'x'], 'session device/2', 'queued device/2'],
  [['--retained', 'kept/+'], 'retained kept/0', 'retained kept/1'],
  [['--retained', 'a/#', '--sessions', '*2'], 'session device/2', 'queued device/2', 'retained a/third'],
  [['--only', 'retained'], 'retained a/third', 'retained kept/0', 'retained kept/1'],
  [['--only', 'sessions'], 'session device/1', 'queued device/1', 'session device/2', 'queued device/2'],
]
test('only what is asked for is exported', async () => {
  const folder = await leftFolder()

  for (const [args, ...expected] of selections) {
    const { stdout } = await runCurlew(['export', ...args], { folder })

    const lines = valuesOf(stdout).map(({ type, clientId, message }) => {
      return `${type} ${clientId ?? (message as { topic: string } | undefined)?.topic}`
    })
    const kinds = lines.filter(line => /^(session|queued|retained)/.test(line))
    expect([...new Set(kinds)], args.join(' ')).toEqual(expected)
  }
})

const wrong: [args: string[], line: string][] = [
  [['--retained', 'a/#/b'], '--retained: "a/#/b" is not a Topic Filter for retained messages'],
  [['--only', 'sessions', '--retained', 'a'], '--retained and --only sessions leave nothing to export'],
  [['--only', 'retained', '--sessions', 'a'], '--sessions and --only retained leave nothing to export'],
]
for (const [args, line] of wrong) {
  test(`curlew export ${args.join(' ')} is refused`, async () => {
    expect(await runCurlew(['export', ...args])).toEqual({ ending: 2, stdout: '', stderr: `curlew: ${line}\n` })
  })
}

test('while a broker runs nothing is exported, and the way out is told', async () => {
  const folder = temporaryFolder()
  await startFilled(folder)

  const outcome = await runCurlew(['export', '--output', 'state.jsonl'], { folder })

  expect(outcome).toEqual({
    ending: 1,
    stdout: '',
    stderr:
      `curlew: data folder ${join(folder, 'data')} is in use by a broker or another curlew command: stop it first\n` +
      'Try: curlew export --output state.jsonl   # once that is stopped, with Ctrl+C or `kill`\n',
  })
  expect(readdirSync(folder)).toEqual(['data'])
  expect(readdirSync(join(folder, 'data'))).toEqual(['store'])
})

test('where there is no store nothing is exported, and none is made', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'empty'))

  for (const data of ['empty', 'missing']) {
    const outcome = await runCurlew(['export', '--data', data], { folder })

    expect(outcome).toEqual({
      ending: 2,
      stdout: '',
      stderr:
        `curlew: there is no store in data folder ${join(folder, data)}: no broker has kept anything there\n` +
        'Try: --data <folder>, with the folder that the broker shows at start\n',
    })
  }
  expect(readdirSync(join(folder, 'empty'))).toEqual([])
  expect(existsSync(join(folder, 'missing'))).toBe(false)
})

test('the data folder is taken from the configuration', async () => {
  const folder = await leftFolder()
  writeFileSync(join(folder, 'curlew.yaml'), 'data: elsewhere\nlisteners: [{ protocol: mqtt, host: 0.0.0.0 }]')
  writeFileSync(join(folder, 'other.yaml'), 'data: data')

  const [byDefault, named] = [
    await runCurlew(['export'], { folder }),
    await runCurlew(['export', '--config', 'other.yaml'], { folder }),
  ]

  expect(byDefault.stderr).toContain(`there is no store in data folder ${join(folder, 'elsewhere')}`)
  expect(named.ending).toBe(0)
})

test('a place that cannot be written leaves nothing behind', async () => {
  const folder = await leftFolder()

  const { ending, stderr } = await runCurlew(['export', '--output', 'missing/state.jsonl'], { folder })

  expect([ending, stderr]).toEqual([1, 'curlew: cannot write missing/state.jsonl: there is no such folder\n'])
  expect(readdirSync(join(folder, 'data'))).toEqual(['store'])
})

test('an export that nobody reads any more ends', async () => {
  const folder = await leftFolder()
  const curlew = new CurlewProcess(['export'], { folder })
  curlew.closeStdout()

  expect(await curlew.ended).toBe(1)
  expect(curlew.stderr).toContain('curlew: cannot write to standard output: ')
  expect(readdirSync(join(folder, 'data'))).toEqual(['store'])
})

test('an export to what is no file writes to it and leaves it what it is', async () => {
  const folder = await leftFolder()

  const { ending } = await runCurlew(['export', '--output', '/dev/null'], { folder })

  expect(ending).toBe(0)
  expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
})

test('what is damaged is left out of an export, told, and makes it end with code 1', async () => {
  const folder = await leftFolder()
  const store = join(folder, 'data/store')
  const path = join(store, readdirSync(store).find(name => name.endsWith('.log'))!)
  const bytes = readFileSync(path)
  bytes[bytes.length - 20]! ^= 1
  writeFileSync(path, bytes)
  chmodSync(path, 0o600)

  const { ending, stdout, stderr } = await runCurlew(['export'], { folder })

  expect(ending).toBe(1)
  expect(valuesOf(stdout).at(-1)).toMatchObject({ type: 'end', sessions: 2 })
  expect(stderr).toMatch(
    /^exported .*\ncurlew: part of the store is damaged: the export is without it\ncurlew: dropping /,
  )
  expect(stderr).toContain(`Try: curlew store check --data ${join(folder, 'data')}\n`)
  expect(readFileSync(path).equals(bytes)).toBe(true)
})
