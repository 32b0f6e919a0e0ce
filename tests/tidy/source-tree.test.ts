import { expect, test } from 'vitest'
import { ignorePattern, lineAt, treePaths } from './source-tree.ts'

test('the tree holds what Git would hold', () => {
  const paths = treePaths()

  expect(paths).toContain('package.json')
  expect(paths).toContain('packages/codec/src/index.ts')
  expect(paths.filter(path => /(^|\/)(node_modules|dist|\.git)\//.test(path))).toEqual([])
})

const patterns: [line: string, path: string, isIgnored: boolean][] = [
  ['node_modules/', 'node_modules', true],
  ['node_modules/', 'tests/peers/node_modules', true],
  ['node_modules/', 'tests/modules', false],
  ['/data/', 'data', true],
  ['/data/', 'packages/codec/data', false],
  ['tests/fuzz/crashes/', 'tests/fuzz/crashes', true],
  ['*.tsbuildinfo', 'packages/codec/tsconfig.tsbuildinfo', true],
  ['*.tsbuildinfo', 'tsconfig.json', false],
]
for (const [line, path, isIgnored] of patterns) {
  test(`the .gitignore line ${line} ${isIgnored ? 'leaves out' : 'keeps'} ${path}`, () => {
    expect(ignorePattern(line)(path)).toBe(isIgnored)
  })
}

test('a .gitignore line of another form is refused', () => {
  expect(() => ignorePattern('!keep/this')).toThrow(RangeError)
  expect(() => ignorePattern('a/**/b')).toThrow(RangeError)
})

test('lines are counted from 1', () => {
  expect(lineAt('ab\ncd', 0)).toBe(1)
  expect(lineAt('ab\ncd', 2)).toBe(1)
  expect(lineAt('ab\ncd', 3)).toBe(2)
})
