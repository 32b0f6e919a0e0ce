import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../cli/test/temporary-folder.ts'
import { nodeRuntime } from '../../src/runtime/node-runtime.ts'
import { LevelSnapshot } from '../../src/store/level-snapshot.ts'
import { createLevelStore, repairLevelStore } from '../../src/store/level-store.ts'
import { checkStore, type StoreReport } from '../../src/store/store-check.ts'
import { RecordingLog } from '../support/recording-log.ts'
import { messageOf } from '../support/subscribers.ts'

const RETAINED_COUNT = 200

/** A store whose rows are in tables of LevelDB: it was opened again. */
async function leaveStore(folder: string): Promise<void> {
  const store = createLevelStore({ folder, log: new RecordingLog() })
  await store.load()
  for (let index = 0; index < RETAINED_COUNT; index++) {
    store.saveRetained(`kept/${index}`, messageOf(`kept/${index}`, 'x'.repeat(2_000)))
  }
  await store.close()
  const again = createLevelStore({ folder, log: new RecordingLog() })
  await again.load()
  await again.close()
}

/** Changes bytes in the middle of each table. */
function damageTables(folder: string): void {
  for (const name of readdirSync(folder).filter(candidate => /\.(ldb|sst)$/.test(candidate))) {
    const bytes = readFileSync(join(folder, name))
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 100)
    writeFileSync(join(folder, name), bytes)
  }
}

async function checked(folder: string): Promise<StoreReport> {
  const snapshot = await LevelSnapshot.take(folder)
  await snapshot.engine.open()
  const report = await checkStore(snapshot.engine, nodeRuntime)
  await snapshot.remove()
  return report
}

test('a block of a table that LevelDB passes over is found, and mended: a check finds nothing then, and the rest is there', async () => {
  const folder = join(temporaryFolder(), 'store')
  await leaveStore(folder)
  damageTables(folder)
  const log = new RecordingLog()

  const before = await checked(folder)
  const { report } = await repairLevelStore({ folder, log })

  expect(before.faults).toContainEqual({
    place: 'table retained',
    problem: expect.stringMatching(/^cannot be read to its end: Corruption/),
  })
  expect(log.lines('error')).toEqual(['error the store is damaged; it is repaired as far as possible'])
  expect(report.faults).toEqual([])
  expect(report.counts!.retained).toBeGreaterThan(RETAINED_COUNT / 2)
  expect(report.counts!.retained).toBeLessThan(RETAINED_COUNT)
})

test('a broker that starts with such a store says so', async () => {
  const folder = join(temporaryFolder(), 'store')
  await leaveStore(folder)
  damageTables(folder)
  const log = new RecordingLog()
  const store = createLevelStore({ folder, log })

  const { retained } = await store.load()

  await store.close()
  expect(log.lines('error')).toEqual(['error the store is damaged; it is repaired as far as possible'])
  expect(retained.length).toBeGreaterThan(RETAINED_COUNT / 2)
})
