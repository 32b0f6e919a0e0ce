import type { Random } from './random.ts'
import type { Stage } from './stage.ts'
import type { Habit, Subscriber } from './subscriber.ts'

/** Events that a subscriber stays away at most. */
const AWAY_EVENTS_MAX = 400

/** Comes and goes, politely or not, sometimes at once and sometimes for a while. */
export function comingAndGoing(stage: Stage, random: Random): Habit {
  return {
    received: subscriber => {
      if (stage.isEnding || !random.chance(0.02)) return
      const how = random.chance(0.5) ? 'disconnect' : 'cut'
      if (random.chance(0.5)) {
        subscriber.reconnect(how)
        return
      }
      subscriber.goOffline(how)
      stage.timeline.after(random.between(1, AWAY_EVENTS_MAX), () => subscriber.goOnline())
    },
  }
}

/** Gives up its Session now and then and begins anew. */
export function renewing(stage: Stage, random: Random): Habit {
  return {
    received: subscriber => {
      if (!stage.isEnding && random.chance(0.01)) subscriber.startClean()
    },
  }
}

/** Subscribes and unsubscribes all the time, one or several filters at once. */
export function changing(stage: Stage, random: Random, filters: readonly string[]): Habit {
  const change = (subscriber: Subscriber): void => {
    if (stage.isEnding || subscriber.isChanging || !subscriber.isConnected) return
    const wanted = subscriber.wantedFilters
    const on = filters.filter(filter => wanted.includes(filter))
    const off = filters.filter(filter => !wanted.includes(filter))
    const count = random.between(1, 2)
    if (off.length > 0 && (on.length === 0 || random.chance(0.5))) subscriber.subscribe(off.slice(0, count))
    else subscriber.unsubscribe(on.slice(-count))
  }
  return {
    connected: change,
    received: subscriber => {
      if (random.chance(0.1)) change(subscriber)
    },
    changed: subscriber => {
      if (random.chance(0.5)) change(subscriber)
      else stage.timeline.after(random.between(1, AWAY_EVENTS_MAX), () => change(subscriber))
    },
  }
}
