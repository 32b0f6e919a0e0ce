import { readFileSync } from 'node:fs'
import { defaultLimits, type Limits } from '@curlew/broker'

/** Descriptors that no connection gets: the store must be able to open its files, whoever connects. */
const RESERVED_COUNT = 48

/** How many files and connections this process may have open; `undefined` where the system does not say. */
export function openFilesMax(path = '/proc/self/limits'): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(path, 'utf8'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined // not Linux
  }
}

/** The limits, with no more connections than leave the store its descriptors; at least one. */
export function withinOpenFiles(limits: Partial<Limits>, openFiles: number | undefined): Partial<Limits> {
  if (openFiles === undefined) return limits
  const connectionsMax = limits.connectionsMax ?? defaultLimits.connectionsMax
  return { ...limits, connectionsMax: Math.max(1, Math.min(connectionsMax, openFiles - RESERVED_COUNT)) }
}
