import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { type Line, LineFile } from '../src/line-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

async function linesOf(text: string | Buffer, lineBytesMax?: number): Promise<Line[]> {
  const file = await LineFile.open('-', Readable.from([Buffer.from(text)]))
  onTestFinished(() => file.close())
  const lines: Line[] = []
  for await (const line of file.lines(lineBytesMax)) lines.push(line)
  return lines
}

test('lines have numbers; empty ones count, and are left out', async () => {
  expect(await linesOf('a\n\nä\r\n b')).toEqual([
    { number: 1, text: 'a' },
    { number: 3, text: 'ä\r' },
    { number: 4, text: ' b' },
  ])
  expect(await linesOf('')).toEqual([])
})

test('a line that goes over several reads is whole', async () => {
  const long = 'ö'.repeat(500_000)

  expect(await linesOf(`${long}\n${long}x\ny`)).toEqual([
    { number: 1, text: long },
    { number: 2, text: `${long}x` },
    { number: 3, text: 'y' },
  ])
})

test('a line of more bytes than are allowed is a fault, and so is one that is not UTF-8', async () => {
  const lines = await linesOf(
    Buffer.concat([Buffer.from('12345\n123456\n'), Buffer.of(0xff, 10), Buffer.from('ok')]),
    5,
  )

  expect(lines).toEqual([
    { number: 1, text: '12345' },
    { number: 2, fault: 'has more than 5 bytes' },
    { number: 3, fault: 'is not UTF-8' },
    { number: 4, text: 'ok' },
  ])
})

test('a file can be read again', async () => {
  const folder = temporaryFolder({ lines: 'a\nb\n' })
  const file = await LineFile.open(join(folder, 'lines'), process.stdin)
  onTestFinished(() => file.close())

  for (let time = 0; time < 2; time++) {
    const texts: string[] = []
    for await (const line of file.lines()) texts.push('text' in line ? line.text : line.fault)
    expect(texts).toEqual(['a', 'b'])
  }
})

test('a stream that fails leaves nothing behind', async () => {
  const temporary = temporaryFolder()
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = temporary
  onTestFinished(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  })
  const failing = Readable.from(
    (async function* () {
      yield Buffer.from('a')
      throw new Error('it is over')
    })(),
  )

  await expect(LineFile.open('-', failing)).rejects.toThrow('it is over')

  expect(readdirSync(temporary)).toEqual([])
})
