/** Something in a store that is not as it must be. */
export interface StoreFault {
  /** The row that is at fault, such as `segment 256 of Session 3`. */
  readonly place: string
  readonly problem: string
}

/** Faults that are listed; beyond that they are only counted. */
const LISTED_MAX = 10_000

/** Collects what the check of a store finds. */
export class CheckFindings {
  readonly faults: StoreFault[] = []
  faultCount = 0
  /** Rows that were looked at. */
  rowCount = 0

  add(place: string, problem: string): void {
    this.faultCount++
    if (this.faults.length < LISTED_MAX) this.faults.push({ place, problem })
  }
}
