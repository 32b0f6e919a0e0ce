import { connectionTrials } from './connection-trials.ts'
import { durableTrials } from './durable-trials.ts'
import { fairnessTrial } from './fairness-trial.ts'
import { memoryTrial } from './memory-trial.ts'
import type { Trial } from './trial.ts'
import { wildcardTrials } from './wildcard-trials.ts'

export const trials: readonly Trial[] = [
  ...wildcardTrials,
  ...connectionTrials,
  fairnessTrial,
  memoryTrial,
  ...durableTrials,
]
