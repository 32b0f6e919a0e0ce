import { knownDifferences } from './known-differences.ts'
import type { StepTrace } from './player.ts'
import { type ClientIndex, type Script, type Step, scriptText, stepText } from './script.ts'
import { normalised } from './trace.ts'

/** What one client got from the two brokers because of one step, where it is not the same. */
export interface Difference {
  readonly script: Script
  /** Of the step, from 0. */
  readonly index: number
  readonly step: Step
  /** Whose trace differs. */
  readonly client: ClientIndex
  readonly curlew: readonly string[]
  readonly mosquitto: readonly string[]
}

/** What a comparison came to. */
export interface Outcome {
  /** Steps that were compared. */
  readonly stepCount: number
  /** Name of the known difference after which the brokers are no longer in the same state. */
  readonly known: string | undefined
  readonly unexplained: Difference | undefined
}

/** Compares step by step, up to the first difference: behind it, the brokers may be in different states. */
export function compare(script: Script, curlew: readonly StepTrace[], mosquitto: readonly StepTrace[]): Outcome {
  for (const [index, step] of script.steps.entries()) {
    for (const client of [0, 1] as const) {
      const ours = normalised(curlew[index]![client])
      const theirs = normalised(mosquitto[index]![client])
      if (ours.join('\n') === theirs.join('\n')) continue
      const difference = { script, index, step, client, curlew: ours, mosquitto: theirs }
      const known = knownDifferences.find(({ explains }) => explains(difference))
      return { stepCount: index, known: known?.name, unexplained: known === undefined ? difference : undefined }
    }
  }
  return { stepCount: script.steps.length, known: undefined, unexplained: undefined }
}

export function differenceText({ script, index, step, client, curlew, mosquitto }: Difference): string {
  return [
    scriptText(script),
    `differs in step ${index + 1}, ${stepText(step)}, for client ${client}`,
    `curlew:    ${curlew.join(' | ') || 'nothing'}`,
    `mosquitto: ${mosquitto.join(' | ') || 'nothing'}`,
  ].join('\n')
}
