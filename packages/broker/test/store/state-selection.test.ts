import { expect, test } from 'vitest'
import { stateSelectionOf } from '../../src/store/state-selection.ts'

const clientIds = ['a', 'ab', 'abc', 'a*', 'a.c', 'a\nc', 'ä', '😀', '\\', 'A']

const globs: [glob: string, ...included: string[]][] = [
  ['*', ...clientIds],
  ['a', 'a'],
  ['a*', 'a', 'ab', 'abc', 'a*', 'a.c', 'a\nc'],
  ['*c', 'abc', 'a.c', 'a\nc'],
  ['a?', 'ab', 'a*'],
  ['?', 'a', 'ä', '😀', '\\', 'A'],
  ['a.c', 'a.c'],
  ['a\\*', 'a*'],
  ['\\a', 'a'],
  ['\\', '\\'],
  ['\\\\', '\\'],
  ['(a|b)+[c]{1}^$/'],
  [''],
]
for (const [glob, ...included] of globs) {
  test(`${JSON.stringify(glob)} stands for ${JSON.stringify(included)}`, () => {
    const { includesSession } = stateSelectionOf({ sessions: [glob] })

    expect(clientIds.filter(includesSession)).toEqual(included)
  })
}

test('without anything everything is selected, and with an empty list nothing', () => {
  const [all, none] = [stateSelectionOf({}), stateSelectionOf({ sessions: [], retained: [] })]

  expect([all.includesSession('a'), all.includesRetained('t')]).toEqual([true, true])
  expect([none.includesSession('a'), none.includesRetained('t')]).toEqual([false, false])
})

test('several patterns and filters select what any of them does', () => {
  const { includesSession, includesRetained } = stateSelectionOf({ sessions: ['a', 'abc'], retained: ['x/+', 'y'] })

  expect(clientIds.filter(includesSession)).toEqual(['a', 'abc'])
  expect(['x', 'x/1', 'x/1/2', 'y', '$x'].filter(includesRetained)).toEqual(['x/1', 'y'])
})

for (const filter of ['', 'a/#/b', 'a+', '$share/group/a']) {
  test(`${JSON.stringify(filter)} is no filter for retained messages`, () => {
    expect(() => stateSelectionOf({ retained: [filter] })).toThrow(
      `${JSON.stringify(filter)} is not a Topic Filter for retained messages`,
    )
  })
}
