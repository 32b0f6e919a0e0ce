type Listener = (event: never) => void

/** Typed events. Nobody need listen: without a listener nothing happens, also for errors. */
export class Events<Map extends object> {
  readonly #listeners: { [Name in keyof Map]?: Set<Listener> } = {}

  /** @returns a function that takes the listener away */
  on<Name extends keyof Map>(name: Name, listener: (event: Map[Name]) => void): () => void {
    const listeners: Set<Listener> = this.#listeners[name] ?? new Set()
    this.#listeners[name] = listeners
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** @param onThrow gets what a listener throws; the others are called all the same */
  emit<Name extends keyof Map>(name: Name, event: Map[Name], onThrow: (error: unknown) => void): boolean {
    const listeners = this.#listeners[name]
    if (!listeners?.size) return false
    for (const listener of [...listeners]) {
      try {
        ;(listener as (event: Map[Name]) => void)(event)
      } catch (error) {
        onThrow(error)
      }
    }
    return true
  }
}
