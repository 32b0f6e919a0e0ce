import { lineAt, type SourceText } from './source-tree.ts'

/**
 * Anything written like the id of a normative statement, in brackets or bare. In brackets everything up to the closing one
 * is taken, so that a list of ids or an id with a letter behind it is found as well: one bracket holds one id.
 */
const citation = /\[(MQTT\d*-\d[^\]\n]*)\]|\b(MQTT\d*-\d+(?:\.\d+)+-\d+)\b/g

/** Citations of statements that neither version of the standard has. */
export function unknownCitations(sources: readonly SourceText[], known: ReadonlySet<string>): string[] {
  return sources.flatMap(({ path, text }) =>
    [...text.matchAll(citation)]
      .map(match => ({ id: match[1] ?? match[2] ?? '', line: lineAt(text, match.index) }))
      .filter(({ id }) => !known.has(id))
      .map(({ id, line }) => `${path}:${line} cites ${id}, which is no normative statement`),
  )
}
