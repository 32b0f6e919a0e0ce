import { expect, test } from 'vitest'
import { documentedIn, type Example, examplesOf, faultsIn, modulesOf } from './documented.ts'

/** TypeScript reads everything that an example imports, which takes a busy machine longer than a test may. */
const COMPILE_MS_MAX = 60_000

interface DocumentedPackage {
  /** The files that the package exports from, and what each is imported as. */
  readonly modules: ReadonlyMap<string, string>
  /** Where its tests are: examples are compiled as if they stood there. */
  readonly folder: string
  /** What an example may use that it does not make itself, by name: its declaration. */
  readonly surroundings: Readonly<Record<string, string>>
  /** The kinds of exports that must have an example. */
  readonly shown: readonly ('function' | 'class')[]
  /** Some exports of these kinds, so that the test cannot look at nothing. */
  readonly known: readonly string[]
}

/** Tests that a package says what it exports and shows how to use it. @returns its examples, for its own tests to run */
export function testDocumentation({ modules, folder, surroundings, shown, known }: DocumentedPackage): Example[] {
  const documented = documentedIn([...modules.keys()])
  const examples = examplesOf(documented)

  test('every function, class and method that the package exports has a docstring', () => {
    expect(documented.filter(({ text }) => text === '').map(({ name }) => name)).toEqual([])
  })

  test(`every ${shown.join(' and ')} that the package exports has an example`, () => {
    const exported = documented.filter(({ kind }) => shown.some(each => each === kind))

    expect(exported.filter(each => each.examples.length === 0).map(({ name }) => name)).toEqual([])
    expect(exported.map(({ name }) => name)).toEqual(expect.arrayContaining([...known]))
  })

  test(
    'the examples compile as strictly as the rest',
    () => {
      expect(faultsIn(modulesOf(examples, folder, modules, surroundings))).toEqual([])
    },
    COMPILE_MS_MAX,
  )

  return examples
}
