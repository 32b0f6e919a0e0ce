import { rmSync } from 'node:fs'

/** Removes a temporary folder when SIGINT or SIGTERM ends the process. @returns a function that ends this */
export function removedOnSignal(folder: string): () => void {
  const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[] // the keys of `exitCodes` are its names
  const onSignal = (name: NodeJS.Signals): void => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(exitCodes[name as keyof typeof exitCodes])
  }
  for (const name of names) process.once(name, onSignal)
  return () => {
    for (const name of names) process.off(name, onSignal)
  }
}
