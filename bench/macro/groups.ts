/** The kinds of measurement, which `--only` takes as words. */
export type Group =
  | ('p2p' | 'p2p5' | 'unbatched' | 'device' | 'fan-out' | 'fan-in' | 'shared' | 'latency' | 'tls' | 'websocket')
  | ('wildcards' | 'retained' | 'connections' | 'fairness' | 'memory')
  | 'durable'
  /** No scenario of its own, but a part of the trial `fairness`. */
  | 'flood'

/**
 * Whether a word of `--only` means this entry: its group, its whole name or, unless something is called just so, a part of its name.
 *
 * @param names all names there are, in lower case, as `word` is
 */
export function isChosen(
  { group, name }: { readonly group: Group; readonly name: string },
  word: string,
  names: ReadonlySet<string>,
): boolean {
  if (word === group) return true
  return names.has(word) ? name.toLowerCase() === word : name.toLowerCase().includes(word)
}
