import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, onTestFinished, test } from 'vitest'
import { checkBuilt } from './built.ts'
import { RawClient } from './raw-client.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const readme = readFileSync(`${root}README.md`, 'utf8')
const example = /^```ts\n([\s\S]*?)^```/m.exec(readme)![1]!

test('the example compiles as strictly as the rest', () => {
  const path = `${root}packages/cli/test/example-of-readme.ts`
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }
  const { options } = ts.getParsedCommandLineOfConfigFile(`${root}tsconfig.check.json`, {}, host)!
  const compilerHost = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = compilerHost
  compilerHost.fileExists = name => name === path || fileExists(name)
  compilerHost.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, example, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest)

  const program = ts.createProgram([path], options, compilerHost)

  const faults = ts.getPreEmitDiagnostics(program, program.getSourceFile(path))
  expect(faults.map(({ messageText }) => messageText)).toEqual([])
})

test('the example runs', async () => {
  checkBuilt()
  const { outputText } = ts.transpileModule(example, { compilerOptions: { module: ts.ModuleKind.ESNext } })
  const args = ['--input-type=module', '--eval', outputText]
  const program = spawn(process.execPath, args, { cwd: `${root}packages/cli`, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    program.kill('SIGKILL')
  })
  const ended = once(program, 'exit')
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => (await lines.next()).value

  const port = /^listening on mqtt:\/\/127\.0\.0\.1:(\d+)$/.exec(await line())?.[1]
  const client = new RawClient(Number(port))
  await client.connect('reader')
  expect(await line()).toBe('reader is here')
  client.end()
  expect(await line()).toMatch(/^reader has gone: /)
  program.kill('SIGINT')

  expect(await ended).toEqual([0, null])
})
