import ts from 'typescript'
import type { SourceText } from './source-tree.ts'
import { forEachNode, lineOf, parse } from './syntax.ts'

/** Above it, a file holds more than one noun. The aim is 250. */
export const fileLinesMax = 400

/** Above it, a function does not fit on a screen. The aim is 60. */
export const functionLinesMax = 70

/** Tables of the specification, which are as long as the specification makes them. */
export const exempt: readonly { readonly path: string; readonly reason: string }[] = [
  { path: 'packages/codec/src/properties.ts', reason: 'the table of section 2.2.2, its types, and the loop over it' },
  { path: 'tests/conformance/statements.ts', reason: 'one row for each of the 392 normative statements' },
]

export function lineCount({ text }: SourceText): number {
  return text.replace(/\n$/, '').split('\n').length
}

/** Files longer than {@link fileLinesMax}, except those named in {@link exempt}. */
export function longFiles(sources: readonly SourceText[]): string[] {
  return sources
    .filter(({ path }) => !exempt.some(exemption => exemption.path === path))
    .filter(source => lineCount(source) > fileLinesMax)
    .map(source => `${source.path} has ${lineCount(source)} lines`)
}

/** Functions, methods and callbacks longer than {@link functionLinesMax}, their doc comments not counted. */
export function longFunctions(sources: readonly SourceText[]): string[] {
  return sources.flatMap(source => {
    const file = parse(source)
    const found: string[] = []
    forEachNode(file, node => {
      if (!ts.isFunctionLike(node) || isGroupOfTests(node)) return
      const first = lineOf(file, node)
      const lines = file.getLineAndCharacterOfPosition(node.end).line + 2 - first
      if (lines > functionLinesMax) found.push(`${source.path}:${first} has a function of ${lines} lines`)
    })
    return found
  })
}

/** The callback of `describe` is a list of functions, not a function that someone must follow from top to bottom. */
function isGroupOfTests(node: ts.Node): boolean {
  if (!ts.isCallExpression(node.parent)) return false
  const callee = node.parent.expression.getText()
  return /^(describe|suite)\b/.test(callee)
}
