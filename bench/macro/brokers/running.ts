/** Everything that must not outlive this process: brokers, generators, folders. Who is done with one takes it out. */
export const running = new Set<{ kill(): void }>()

export function killRunning(): void {
  for (const part of running) part.kill()
}
