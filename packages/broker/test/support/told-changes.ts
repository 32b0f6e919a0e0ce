import type { Store } from '../../src/store/store.ts'

/** The methods by which a {@link Store} is told of a change, for stores of tests that treat all of them alike. */
export const toldChanges = [
  'saveSession',
  'renameSession',
  'deleteSession',
  'saveSubscription',
  'deleteSubscription',
  'enqueue',
  'dequeue',
  'release',
  'acceptIncoming',
  'releaseIncoming',
  'saveRetained',
] as const satisfies readonly (keyof Store)[]

export type ToldChange = (typeof toldChanges)[number]
