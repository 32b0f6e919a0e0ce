import ts from 'typescript'
import type { SourceText } from '../../tidy/source-tree.ts'
import { forEachNode, parse } from '../../tidy/syntax.ts'

/** A test, or a group of tests, whose name begins with the ids of the statements it shows. */
export interface Claim {
  readonly ids: readonly string[]
  /** Path from the root of the repository. */
  readonly path: string
  /** The name without the ids; `…` where the test fills something in. */
  readonly title: string
}

const leadingIds = /^(?:\[MQTT3?-[\d.]+-\d+\]\s*)+/

/**
 * The claims that stand in sources. Names come as literals, as rows of tables that begin with a name, and as rows that have
 * the ids first and the rest of the name behind them:
 *
 *     test('[MQTT-1.5.4-2] no U+0000', …)      ['[MQTT-1.5.4-2] no U+0000', …]      ['[MQTT-1.5.4-2]', 'no U+0000', …]
 *
 * An id that stands alone anywhere else is what a test compares with, and a test that is skipped or known to fail shows nothing.
 */
export function claimsIn(sources: readonly SourceText[]): Claim[] {
  return sources.flatMap(source => {
    const claims: Claim[] = []
    forEachNode(parse(source), node => {
      const name = isLiteral(node) ? nameOf(node) : undefined
      const [head] = leadingIds.exec(name ?? '') ?? []
      if (name === undefined || head === undefined || isIdle(node)) return
      const ids = Array.from(head.matchAll(/\[(.*?)\]/g), ([, id]) => id!)
      claims.push({
        ids,
        path: source.path,
        title: name
          .slice(head.length)
          .trim()
          .replace(/%[sdij]|\$\w+/g, '…'),
      })
    })
    return claims
  })
}

type Literal = ts.StringLiteralLike | ts.TemplateExpression

function isLiteral(node: ts.Node): node is Literal {
  return ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
}

/** @returns the text of the name that begins with this literal, `undefined` when it holds nothing but ids */
function nameOf(node: Literal): string | undefined {
  const text = textOf(node)
  if (text.replace(leadingIds, '') !== '') return text
  const row = node.parent
  if (!ts.isArrayLiteralExpression(row) || row.elements[0] !== node) return undefined
  const second = row.elements[1]
  if (second === undefined || !isLiteral(second) || textOf(second).startsWith('[')) return undefined
  return `${text} ${textOf(second)}`
}

function textOf(node: Literal): string {
  if (ts.isStringLiteralLike(node)) return node.text
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')
}

/** Whether this is the name of a test that does not have to succeed. */
function isIdle({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && /\.(fails|skip|todo)\b/.test(parent.expression.getText())
}
