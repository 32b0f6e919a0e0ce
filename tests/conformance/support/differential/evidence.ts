import type { Difference } from './comparison.ts'
import type { ClientIndex, ScriptedWill, Step } from './script.ts'

/** What a difference and the script before it show, for those who explain it. */

/** The lines that only one of the brokers sent. */
export function onlyIn(side: 'curlew' | 'mosquitto', difference: Difference): string[] {
  const others = [...difference[side === 'curlew' ? 'mosquitto' : 'curlew']]
  return difference[side].filter(line => {
    const index = others.indexOf(line)
    if (index !== -1) others.splice(index, 1)
    return index === -1
  })
}

export function differingLines(difference: Difference): string[] {
  return [...onlyIn('curlew', difference), ...onlyIn('mosquitto', difference)]
}

/** The topic of a PUBLISH, `undefined` for other packets. */
export function topicOf(line: string): string | undefined {
  return /^PUBLISH (\S+)/.exec(line)?.[1]
}

/** Whether all that differs is PUBLISH packets to these topics. */
export function isAbout(topics: readonly string[], difference: Difference): boolean {
  const lines = differingLines(difference)
  return lines.length > 0 && lines.every(line => topics.includes(topicOf(line) ?? ''))
}

/** The steps up to the one with the difference, that one included. */
export function stepsSoFar({ script, index }: Difference): readonly Step[] {
  return script.steps.slice(0, index + 1)
}

/** The Wills of connections that were taken over by another one of their Client. */
export function takenOverWills(difference: Difference): ScriptedWill[] {
  const wills: ScriptedWill[] = []
  const current: (ScriptedWill | undefined)[] = [undefined, undefined]
  for (const step of stepsSoFar(difference)) {
    if (step.kind === 'disconnect' || step.kind === 'drop') current[step.client] = undefined
    if (step.kind !== 'connect') continue
    const will = current[step.client]
    if (will !== undefined) wills.push(will)
    current[step.client] = step.will
  }
  return wills
}

/** The clients whose last Will has a delay. */
export function clientsWithDelayedWills(difference: Difference): ClientIndex[] {
  return ([0, 1] as const).filter(client => {
    const connects = stepsSoFar(difference).filter(step => step.kind === 'connect' && step.client === client)
    return connects.slice(-2).some(step => step.kind === 'connect' && step.will?.delay === 600)
  })
}

/** The filters that a client has subscribed to so far, in order, with their options as text. */
export function subscriptionsOf(client: ClientIndex, difference: Difference) {
  return stepsSoFar(difference).flatMap(step =>
    step.kind === 'subscribe' && step.client === client
      ? step.requests.map(({ filter, qos: _, ...options }) => ({ filter, options: JSON.stringify(options) }))
      : [],
  )
}

/** Whether a Topic Filter matches, level by level. */
export function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/')
  const wanted = filter.split('/')
  if (topic.startsWith('$') && !filter.startsWith('$')) return false
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false
  }
  return wanted.length === levels.length
}
