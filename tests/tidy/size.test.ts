import { expect, test } from 'vitest'
import { exempt, fileLinesMax, functionLinesMax, lineCount, longFiles, longFunctions } from './size.ts'
import { readCode } from './source-tree.ts'

const code = readCode()

test(`files have at most ${fileLinesMax} lines`, () => {
  expect(longFiles(code)).toEqual([])
})

test(`functions have at most ${functionLinesMax} lines`, () => {
  expect(longFunctions(code)).toEqual([])
})

for (const { path } of exempt) {
  test(`${path} still needs its exemption`, () => {
    const source = code.find(file => file.path === path)

    expect(source && lineCount(source)).toBeGreaterThan(fileLinesMax)
  })
}

/** A file of one statement around `lineCount` empty lines. */
const around = (head: string, lineCount: number, tail: string): { path: string; text: string }[] => [
  { path: 'packages/codec/src/reader.ts', text: `${head}${'\n'.repeat(lineCount + 1)}${tail}\n` },
]

test('a file at the limit passes and one above it is found', () => {
  expect(longFiles(around('[', 398, ']'))).toEqual([])
  expect(longFiles(around('[', 399, ']'))).toEqual(['packages/codec/src/reader.ts has 401 lines'])
})

const functions: [what: string, head: string, tail: string][] = [
  ['function', 'export function read() {', '}'],
  ['arrow', 'const read = () => {', '}'],
  ['method', 'class Reader { read() {', '} }'],
  ['getter', 'class Reader { get rest() {', '} }'],
  ['constructor', 'class Reader { constructor() {', '} }'],
  ['test', "test('reads', () => {", '})'],
  ['function with a doc comment', '/** Reads. */ export function read() {', '}'],
]
for (const [what, head, tail] of functions) {
  test(`a ${what} at the limit passes and one above it is found`, () => {
    expect(longFunctions(around(head, 68, tail))).toEqual([])
    expect(longFunctions(around(head, 69, tail))).toEqual(['packages/codec/src/reader.ts:1 has a function of 71 lines'])
  })
}

test('a doc comment, a class and a group of tests are as long as they need to be', () => {
  expect(longFunctions(around('/**', 200, '*/ function read() {}'))).toEqual([])
  expect(longFunctions(around('class Reader {', 200, '}'))).toEqual([])
  expect(longFunctions(around("describe('reading', () => {", 200, '})'))).toEqual([])
  expect(longFunctions(around("describe.each([1])('reading', () => {", 200, '})'))).toEqual([])
})
