import ts from 'typescript'
import type { SourceText } from './source-tree.ts'

/**
 * What the checks ask of a file's syntax tree. They read the tree rather than the text, so that a word in a comment or in a
 * string is never taken for code, nor the other way round.
 */
export function parse({ path, text }: SourceText): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

/** Calls `visit` with every node below `root`, parents first. Comments are not nodes. */
export function forEachNode(root: ts.Node, visit: (node: ts.Node) => void): void {
  const descend = (node: ts.Node): void => {
    visit(node)
    ts.forEachChild(node, descend)
  }
  descend(root)
}

/** The 1-based line on which `node` begins, its doc comment not counted. */
export function lineOf(file: ts.SourceFile, node: ts.Node): number {
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/** One module named by a file, in any of the ways that TypeScript has. */
export interface Import {
  readonly specifier: string
  readonly line: number
}

export function importsOf(source: SourceText): Import[] {
  const file = parse(source)
  const found: Import[] = []
  forEachNode(file, node => {
    const specifier = specifierOf(node)
    if (specifier && ts.isStringLiteralLike(specifier)) {
      found.push({ specifier: specifier.text, line: lineOf(file, node) })
    }
  })
  return found
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal
  if (ts.isCallExpression(node) && isImportOrRequire(node.expression)) return node.arguments[0]
  return undefined
}

function isImportOrRequire(callee: ts.Expression): boolean {
  return callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
}

export interface Comment {
  readonly text: string
  readonly line: number
  /** Whether nothing but white space stands before it on its line. */
  readonly ownsLine: boolean
}

/** All comments of a file, in order. They lie between tokens, so each token is asked for those before and after it. */
export function commentsOf(source: SourceText): Comment[] {
  const file = parse(source)
  const { text } = file
  const ranges = new Map<number, ts.CommentRange>()
  const collect = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(file)
    for (const child of children) collect(child)
    if (children.length > 0) return
    const around = [ts.getLeadingCommentRanges(text, node.pos), ts.getTrailingCommentRanges(text, node.end)]
    for (const range of around.flatMap(list => list ?? [])) ranges.set(range.pos, range)
  }
  collect(file)
  return [...ranges.values()]
    .sort((a, b) => a.pos - b.pos)
    .map(({ pos, end }) => ({
      text: text.slice(pos, end),
      line: file.getLineAndCharacterOfPosition(pos).line + 1,
      ownsLine: text.slice(text.lastIndexOf('\n', pos - 1) + 1, pos).trim() === '',
    }))
}
