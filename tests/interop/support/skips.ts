const reported = new Set<string>()

/** Says once, aloud, why something is not tested; returns the same words for the name of the test. */
export function reportSkip(what: string, reason: string): string {
  const line = `SKIPPED: ${what}: ${reason}`
  if (!reported.has(line)) console.warn(line)
  reported.add(line)
  return `(SKIPPED: ${reason})`
}
