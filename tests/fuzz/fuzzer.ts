import { type Coverage, CoverageMap, takeCoverage } from './coverage.ts'
import { type Material, mutate } from './mutation.ts'
import { Random } from './random.ts'

/** Code that must hold whatever bytes it gets. */
export interface FuzzTarget {
  readonly name: string
  /** Matches the URLs of the scripts whose coverage guides. */
  readonly sources: RegExp
  /** Byte sequences that the format is made of, to build inputs with. */
  readonly tokens: readonly Uint8Array[]
  /** Inputs to begin with, beside those that were kept. */
  readonly seeds: readonly Uint8Array[]
  readonly sizeMax: number
  /** Makes a mutated input more likely to get past the first check, such as by correcting a length. */
  readonly repair?: (input: Uint8Array) => Uint8Array
  /** @throws when the code under test does what it must not */
  readonly run: (input: Uint8Array) => void
}

export interface FuzzOptions {
  readonly seed: number
  /** What ends the run, whichever comes first. */
  readonly secondsMax: number
  readonly executionsMax: number
  /** What is known already; it is run first. */
  readonly corpus: readonly Uint8Array[]
  /** Whether inputs that reach new code are built upon. Only a test of the fuzzer turns it off. */
  readonly isGuided?: boolean
}

export interface FuzzReport {
  readonly executions: number
  readonly seconds: number
  /** Characters of the code under test that ran. */
  readonly covered: number
  /** Inputs that reached code which no input before them had reached. */
  readonly found: readonly Uint8Array[]
  /** The first input that {@link FuzzTarget.run} threw for, and what it threw. */
  readonly failure: { readonly input: Uint8Array; readonly error: unknown } | undefined
}

/** An execution that takes longer is a hang, unless it is quick when it is done again: then it was the machine. */
const HANG_MS = 10
const HANG_RETRIES = 5

/**
 * Executions between two readings of the coverage. Reading costs as much as a hundred executions; a batch that reached
 * new code is run again one by one to find out which input did.
 */
const BATCH = 64

/** Runs the corpus and then mutations of it, keeping those that reach new code, until time or executions are used up. */
export function fuzz(target: FuzzTarget, options: FuzzOptions): FuzzReport {
  return new FuzzRun(target, options).run()
}

class FuzzRun {
  readonly #target: FuzzTarget
  readonly #options: FuzzOptions
  readonly #covered = new CoverageMap()
  readonly #material: Material & { readonly corpus: Uint8Array[] }
  readonly #found: Uint8Array[] = []
  #executions = 0
  #failure: FuzzReport['failure']

  constructor(target: FuzzTarget, options: FuzzOptions) {
    this.#target = target
    this.#options = options
    const { tokens, sizeMax } = target
    this.#material = { random: new Random(options.seed), corpus: [new Uint8Array(0)], tokens, sizeMax }
  }

  run(): FuzzReport {
    const startMs = performance.now()
    const endMs = startMs + this.#options.secondsMax * 1000
    this.#takeCoverage()
    for (const input of this.#options.corpus) this.#keepIfNew(input)
    this.#material.corpus.push(...this.#options.corpus)
    while (this.#failure === undefined && this.#executions < this.#options.executionsMax && performance.now() < endMs) {
      this.#runBatch(Array.from({ length: BATCH }, () => this.#nextInput()))
    }
    return {
      executions: this.#executions,
      seconds: (performance.now() - startMs) / 1000,
      covered: this.#covered.size,
      found: this.#found,
      failure: this.#failure,
    }
  }

  /** Half of the time something that was found lately, because what is behind it has been tried the least. */
  #nextInput(): Uint8Array {
    const { random, corpus } = this.#material
    const isRecent = random.below(2) === 0
    const from = isRecent ? Math.max(0, corpus.length - 8) : 0
    const input = mutate(corpus[from + random.below(corpus.length - from)]!, this.#material)
    const { repair } = this.#target
    return repair !== undefined && random.below(2) === 0 ? repair(input) : input
  }

  #runBatch(inputs: readonly Uint8Array[]): void {
    for (const input of inputs) this.#execute(input)
    if (this.#options.isGuided === false) return
    const coverage = this.#takeCoverage()
    if (this.#covered.countNew(coverage) === 0) return
    for (const input of inputs) this.#keepIfNew(input)
    this.#covered.add(coverage)
  }

  #keepIfNew(input: Uint8Array): void {
    this.#execute(input)
    const coverage = this.#takeCoverage()
    if (this.#covered.countNew(coverage) === 0) return
    this.#covered.add(coverage)
    this.#found.push(input)
    this.#material.corpus.push(input)
  }

  #takeCoverage(): Coverage {
    return takeCoverage(this.#target.sources)
  }

  /** What is repeated because this process was interrupted counts once. */
  #execute(input: Uint8Array): void {
    if (this.#failure !== undefined) return
    this.#executions++
    try {
      let fastestMs = this.#time(input)
      for (let retry = 0; retry < HANG_RETRIES && fastestMs > HANG_MS; retry++) {
        fastestMs = Math.min(fastestMs, this.#time(input))
      }
      if (fastestMs > HANG_MS) throw new Error(`it took ${fastestMs.toFixed(1)} ms; ${HANG_MS} are allowed`)
    } catch (error) {
      this.#failure = { input, error }
    }
  }

  #time(input: Uint8Array): number {
    const startMs = performance.now()
    this.#target.run(input)
    return performance.now() - startMs
  }
}
