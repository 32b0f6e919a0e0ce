import { expect, test } from 'vitest'
import { editDistance, nearestName } from '../src/suggestion.ts'

const distances: [from: string, to: string, distance: number][] = [
  ['port', 'port', 0],
  ['', 'port', 4],
  ['port', '', 4],
  ['prot', 'port', 1],
  ['pot', 'port', 1],
  ['porrt', 'port', 1],
  ['part', 'port', 1],
  ['recieve', 'receive', 1],
  ['kitten', 'sitting', 3],
]
for (const [from, to, distance] of distances) {
  test(`from ${JSON.stringify(from)} to ${JSON.stringify(to)} it is ${distance} steps`, () => {
    expect(editDistance(from, to)).toBe(distance)
  })
}

const names = ['port', 'protocol', 'host', 'insecure']
const suggestions: [written: string, name: string | undefined][] = [
  ['prot', 'port'],
  ['PORT', 'port'],
  ['hosts', 'host'],
  ['unsecure', 'insecure'],
  ['level', undefined],
  ['x', undefined],
]
for (const [written, name] of suggestions) {
  test(`${written} ${name === undefined ? 'is like no name' : `is meant for ${name}`}`, () => {
    expect(nearestName(written, names)).toBe(name)
  })
}
