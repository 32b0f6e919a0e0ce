import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('programs/kettle.test.js', import.meta.url))

/** Runs a file under node:test, as a process of its own. */
function runNodeTest(path: string): Promise<{ code: number; output: string }> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
  return new Promise(resolve => {
    execFile(process.execPath, ['--test', '--test-reporter=tap', path], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

test('it works with node:test', async () => {
  expect(existsSync(new URL('../dist/index.js', import.meta.url)), 'it is built, by `npm run build`').toBe(true)

  const { code, output } = await runNodeTest(program)

  expect(output).toContain('# pass 2')
  expect(code).toBe(0)
})
