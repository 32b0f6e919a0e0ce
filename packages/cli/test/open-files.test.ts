import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFilesMax, withinOpenFiles } from '../src/open-files.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('the limit on open files is read where Linux has it, and is not known elsewhere', () => {
  const text =
    'Limit                     Soft Limit           Hard Limit           Units\nMax open files            80                   90                   files\n'
  const folder = temporaryFolder({ limits: text })

  expect(openFilesMax(join(folder, 'limits'))).toBe(80)
  expect(openFilesMax(join(folder, 'none'))).toBeUndefined()
})

test('connections leave the store its descriptors', () => {
  expect(withinOpenFiles({}, 1_048_576)).toEqual({ connectionsMax: 100_000 })
  expect(withinOpenFiles({ connectionsMax: 10 }, 1_024)).toEqual({ connectionsMax: 10 })
  expect(withinOpenFiles({ connectionsMax: 5_000 }, 1_024)).toEqual({ connectionsMax: 976 })
  expect(withinOpenFiles({}, 20)).toEqual({ connectionsMax: 1 })
  expect(withinOpenFiles({ connectionsMax: 10 }, undefined)).toEqual({ connectionsMax: 10 })
})
