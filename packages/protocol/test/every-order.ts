import { type Parts, WiredEnds } from './wired-ends.ts'

/** What may happen at most, so that all orders of it can be gone through. */
export interface Bounds {
  /** The QoS of the messages, which are published in this order, at any time. */
  readonly messages: readonly (1 | 2)[]
  /** Each new Network Connection has any of these; the first one has the first. */
  readonly receiveMaximums: readonly number[]
  readonly budget: Budget
  readonly parts?: Parts
}

/** How often each kind of event may happen. */
export interface Budget {
  readonly losses: number
  /** Acknowledgements that arrive twice. */
  readonly repeats: number
  /** Messages that the receiver refuses. */
  readonly refusals: number
  /** Answers that the receiver holds back, to give them later and in any order. */
  readonly holds: number
  /** Restarts of either program while there is no connection. */
  readonly restarts: number
}

export const noBudget: Budget = { losses: 0, repeats: 0, refusals: 0, holds: 0, restarts: 0 }

interface Step {
  readonly name: string
  readonly act: (ends: WiredEnds) => void
  /** What the step takes from the budget. */
  readonly cost?: keyof Budget
}

/** A state that has been reached, as the way to it: the last step and what came before. */
interface Place {
  readonly before: Place | undefined
  readonly step: Step
  readonly budget: Budget
  readonly next: readonly Step[]
}

/** What was gone through: how often the ends were run, and in how many different states they were found. */
export interface Exploration {
  readonly states: number
  readonly runs: number
}

/**
 * Goes through every order of what may happen within the bounds, shortest first; two ways that lead to the same state
 * are continued once. From each state the ends are also left alone until they come to rest.
 *
 * @throws {Error} at the first rule broken, with the steps that lead to it and the {@link Violation} as its cause
 */
export function exploreEveryOrder(bounds: Bounds): Exploration {
  const seen = new Set<string>()
  const places: Place[] = []
  let runs = 0
  const visit = (before: Place | undefined, step: Step, budget: Budget): void => {
    runs++
    const ends = runTo(before, step, bounds)
    const state = JSON.stringify(budget) + ends.state()
    if (seen.has(state)) return
    seen.add(state)
    places.push({ before, step, budget, next: stepsFrom(ends, bounds).filter(({ cost }) => !cost || budget[cost] > 0) })
    blame(before, step, 'left alone', () => ends.drain())
  }
  visit(undefined, connectWith(bounds.receiveMaximums[0]!), bounds.budget)
  for (let index = 0; index < places.length; index++) {
    const place = places[index]!
    const { budget } = place
    for (const step of place.next) {
      visit(place, step, step.cost ? { ...budget, [step.cost]: budget[step.cost] - 1 } : budget)
    }
  }
  return { states: seen.size, runs }
}

/** The ends do not copy, so they are brought to a state by going the way to it again. */
function runTo(before: Place | undefined, step: Step, { parts }: Bounds): WiredEnds {
  const ends = new WiredEnds(parts)
  for (const { act } of stepsTo(before)) act(ends)
  blame(before, step, '', () => step.act(ends))
  return ends
}

function stepsTo(place: Place | undefined): Step[] {
  const steps: Step[] = []
  for (let at = place; at !== undefined; at = at.before) steps.push(at.step)
  return steps.reverse()
}

function blame(before: Place | undefined, step: Step, last: string, act: () => void): void {
  try {
    act()
  } catch (cause) {
    const names = [...stepsTo(before), step].map(({ name }) => name)
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`${message}\nafter ${[...names, last].filter(name => name !== '').join(', ')}`, { cause })
  }
}

const toReceiver: readonly Step[] = [
  { name: 'to receiver', act: ends => ends.deliverToReceiver() },
  { name: 'to receiver, refused', act: ends => ends.deliverToReceiver({ refuses: true }), cost: 'refusals' },
  { name: 'to receiver, answer held', act: ends => ends.deliverToReceiver({ holds: true }), cost: 'holds' },
]
const toSender: readonly Step[] = [
  { name: 'to sender', act: ends => ends.deliverToSender() },
  { name: 'to sender twice', act: ends => ends.deliverToSender({ again: true }), cost: 'repeats' },
]
const loss: Step = { name: 'lose', act: ends => ends.lose(), cost: 'losses' }
const restarts: readonly Step[] = [
  { name: 'restart sender', act: ends => ends.restart('sender'), cost: 'restarts' },
  { name: 'restart receiver', act: ends => ends.restart('receiver'), cost: 'restarts' },
]

function connectWith(receiveMaximum: number): Step {
  return { name: `connect with ${receiveMaximum}`, act: ends => ends.connect(receiveMaximum) }
}

function stepsFrom(ends: WiredEnds, { messages, receiveMaximums }: Bounds): Step[] {
  const qos = messages[ends.rules.publishedCount]
  const publishes = qos === undefined ? [] : [{ name: `publish QoS ${qos}`, act: (at: WiredEnds) => at.publish(qos) }]
  if (!ends.rules.isConnected) return [...publishes, ...restarts, ...receiveMaximums.map(connectWith)]
  const answers = Array.from({ length: ends.heldCount }, (_, choice) => ({
    name: `answer ${choice}`,
    act: (at: WiredEnds) => at.answer(choice),
  }))
  return [
    ...publishes,
    ...(ends.toReceiverCount > 0 ? toReceiver : []),
    ...(ends.toSenderCount > 0 ? toSender : []),
    ...answers,
    loss,
  ]
}
