import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inspect } from 'node:util'
import mqtt from '@curlew/compat-mqttjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { reportSkip } from '../../../tests/interop/support/skips.ts'
import { openSetting, type Setting } from './support/setting.ts'

type Program = (
  mqtt: unknown,
  setting: Setting,
  print: (...words: unknown[]) => void,
  done: () => void,
) => void | Promise<void>

const peers = new URL('../../../tests/peers/package.json', import.meta.url)
const isPeerHere = existsSync(new URL('node_modules/mqtt', peers))
const reason = 'MQTT.js is not installed: npm ci --prefix tests/peers'
const skipped = isPeerHere ? '' : ` ${reportSkip('programs written for MQTT.js', reason)}`
const original: unknown = isPeerHere ? createRequire(peers)('mqtt') : undefined

/** Runs a program to its end. @returns the lines it has printed */
async function linesOf(program: Program, module: unknown): Promise<string[]> {
  const setting = await openSetting()
  onTestFinished(() => setting.close())
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    const print = (...words: unknown[]): void => {
      lines.push(words.map(word => (typeof word === 'string' ? word : inspect(word, { depth: 4 }))).join(' '))
    }
    Promise.resolve(program(module, setting, print, resolve)).catch(reject)
  })
  return lines
}

for (const file of ['basics', 'sessions', 'version5', 'faults', 'packets']) {
  const programs = (await import(`./programs/${file}.js`)) as Record<string, Program>
  describe(`programs/${file}.js`, () => {
    for (const [name, program] of Object.entries(programs)) {
      test.skipIf(!isPeerHere)(`${name} prints what it prints with MQTT.js${skipped}`, async () => {
        const expected = await linesOf(program, original)
        const lines = await linesOf(program, mqtt)

        expect(lines).toEqual(expected)
        expect(lines).not.toEqual([])
      })
    }
  })
}
