import type { Statement } from '../statements.ts'
import type { Claim } from './claims.ts'

/** Why no test can show a statement, by its id. */
export type Reasons = Readonly<Record<string, string>>

/** A statement with what shows that it is kept. */
export interface Covered {
  readonly statement: Statement
  readonly claims: readonly Claim[]
  readonly reason: string | undefined
}

/** @returns the statements in their order; claims in `tests/` come before those in packages, then by path and title */
export function coverageOf(statements: readonly Statement[], claims: readonly Claim[], reasons: Reasons): Covered[] {
  const byId = new Map<string, Claim[]>(statements.map(({ id }) => [id, []]))
  for (const claim of claims) for (const id of new Set(claim.ids)) byId.get(id)?.push(claim)
  return statements.map(statement => ({
    statement,
    claims: byId.get(statement.id)!.sort(byPlace),
    reason: reasons[statement.id],
  }))
}

function byPlace(a: Claim, b: Claim): number {
  const order = ({ path, title }: Claim): string => `${path.startsWith('tests/') ? 0 : 1} ${path} ${title}`
  return order(a) < order(b) ? -1 : 1
}

/** What is wrong with a coverage, one line for each fault; the ids of the statements that nothing shows come first. */
export function coverageFaults(coverage: readonly Covered[], reasons: Reasons): string[] {
  const known = new Set(coverage.map(({ statement }) => statement.id))
  const uncovered = coverage.filter(({ claims, reason }) => claims.length === 0 && reason === undefined)
  const superfluous = coverage.filter(({ claims, reason }) => claims.length > 0 && reason !== undefined)
  return [
    ...uncovered.map(({ statement }) => `${statement.id} has neither a test nor a reason: ${statement.summary}`),
    ...superfluous.map(({ statement, claims }) => `${statement.id} has a reason, and a test in ${claims[0]!.path} too`),
    ...Object.keys(reasons)
      .filter(id => !known.has(id))
      .map(id => `${id} has a reason and is no normative statement`),
  ]
}
