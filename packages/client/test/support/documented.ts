import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Compiler options of the whole repository. */
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }
const { options } = ts.getParsedCommandLineOfConfigFile(`${root}tsconfig.check.json`, {}, host)!

const programs = new Map<string, ts.Program>()

/** The modules with all that they import, read once. */
function programOf(paths: readonly string[]): ts.Program {
  const key = paths.join()
  const program =
    programs.get(key) ??
    ts.createProgram(
      paths.map(path => root + path),
      options,
    )
  programs.set(key, program)
  return program
}

/** What a module exports that runs, with what is written above it. */
export interface Documented {
  /** Such as `connect` or `Client.publish`. */
  readonly name: string
  readonly kind: 'function' | 'class' | 'method'
  readonly text: string
  /** The code behind each `@example`. */
  readonly examples: readonly string[]
}

/** Functions, classes and their public methods that the modules export. @param paths from the root */
export function documentedIn(paths: readonly string[]): Documented[] {
  const program = programOf(paths)
  const checker = program.getTypeChecker()
  const describe = (symbol: ts.Symbol, name: string, kind: Documented['kind']): Documented => ({
    name,
    kind,
    text: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
    examples: symbol
      .getJsDocTags(checker)
      .filter(tag => tag.name === 'example')
      .map(tag => ts.displayPartsToString(tag.text)),
  })
  const found: Documented[] = []
  const seen = new Set<ts.Symbol>()
  for (const path of paths) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(root + path)!)!
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const declaration = symbol.valueDeclaration
      if (!declaration || seen.has(symbol)) continue // a type, or another name of the same
      seen.add(symbol)
      if (ts.isClassDeclaration(declaration)) {
        found.push(describe(symbol, exported.name, 'class'))
        for (const member of symbol.members?.values() ?? []) {
          if (isPublicMethod(member)) found.push(describe(member, `${exported.name}.${member.name}`, 'method'))
        }
      } else if (checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0) {
        found.push(describe(symbol, exported.name, 'function'))
      }
    }
  }
  return found
}

/** The names that modules export, types included. @param paths from the root */
function exportsOf(paths: readonly string[]): Map<string, readonly string[]> {
  const program = programOf(paths)
  const checker = program.getTypeChecker()
  const names = (path: string): string[] => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(root + path)!)!
    return checker.getExportsOfModule(module).map(({ name }) => name)
  }
  return new Map(paths.map(path => [path, names(path)]))
}

/** Well-known symbols, such as that of asynchronous iteration, mean everywhere the same. */
function isPublicMethod(member: ts.Symbol): boolean {
  const declaration = member.valueDeclaration
  return (
    declaration !== undefined &&
    ts.isMethodDeclaration(declaration) &&
    ts.isIdentifier(declaration.name) &&
    (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.NonPublicAccessibilityModifier) === 0
  )
}

/** What the compiler says about modules that are nowhere but here. @param texts by path from the root */
export function faultsIn(texts: ReadonlyMap<string, string>): string[] {
  const compilerHost = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = compilerHost
  const textOf = (path: string): string | undefined => texts.get(path.slice(root.length))
  compilerHost.fileExists = path => textOf(path) !== undefined || fileExists(path)
  compilerHost.getSourceFile = (path, ...rest) => {
    const text = textOf(path)
    return text === undefined ? getSourceFile(path, ...rest) : ts.createSourceFile(path, text, ts.ScriptTarget.ES2023)
  }
  const paths = [...texts.keys()].map(path => root + path)
  const program = ts.createProgram(
    paths,
    { ...options, noUnusedLocals: false, noUnusedParameters: false },
    compilerHost,
  )
  return paths.flatMap(path =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => `${path.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  )
}

/** JavaScript of TypeScript. */
function javascriptOf(code: string): string {
  return ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } })
    .outputText
}

/** The code behind one `@example`. */
export interface Example {
  /** What it is an example of. */
  readonly name: string
  readonly code: string
}

/** All examples, in the order of what they are of. */
export function examplesOf(documented: readonly Documented[]): Example[] {
  return documented.flatMap(({ name, examples }) => examples.map(code => ({ name, code })))
}

function uses(code: string, name: string): boolean {
  return new RegExp(`(?<![.\\w])${name}\\b(?! *:)`).test(code)
}

function makes(code: string, name: string): boolean {
  return new RegExp(`\\b(const|let|using) (\\{[^}]*\\b|\\[[^\\]]*\\b)?${name}\\b`).test(code)
}

/**
 * Examples as modules, for {@link faultsIn}: what an example uses and does not make itself is imported or declared before it.
 *
 * @param folder where they would stand
 * @param modules by path from the root: what they are imported as
 * @param surroundings how to declare what is no export of these modules
 */
export function modulesOf(
  examples: readonly Example[],
  folder: string,
  modules: ReadonlyMap<string, string>,
  surroundings: Readonly<Record<string, string>>,
): Map<string, string> {
  const names = exportsOf([...modules.keys()])
  const texts = examples.map(({ name, code }, index): [string, string] => {
    const isNeeded = (each: string): boolean => uses(code, each) && !makes(code, each)
    const imports = [...modules].flatMap(([path, specifier]) => {
      const needed = names.get(path)!.filter(isNeeded)
      return needed.length === 0 ? [] : [`import { ${needed.join(', ')} } from '${specifier}'`]
    })
    const given = Object.keys(surroundings).filter(isNeeded)
    const lines = [...imports, ...given.map(each => surroundings[each]), code, 'export {}']
    return [`${folder}/example-${index}-${name}.ts`, lines.join('\n')]
  })
  return new Map(texts)
}

/** Runs an example. @param values what it finds, unless it makes that itself @param rewrite has the last word on its JavaScript */
export async function runExample(
  code: string,
  values: Readonly<Record<string, unknown>>,
  rewrite: (javascript: string) => string = javascript => javascript,
): Promise<void> {
  const names = Object.keys(values).filter(name => name !== 'default' && !makes(code, name))
  const body = rewrite(javascriptOf(`async function example() {\n${code}\n}`))
  const example = new Function(...names, `${body}\nreturn example()`)
  await example(...names.map(name => values[name]))
}
