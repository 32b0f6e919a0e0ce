import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../../', import.meta.url))

/** The script behind the command `curlew`. It runs what is built, not the sources. */
export const binary: string = join(packages, 'cli/bin/curlew.js')

/** @throws {Error} when what is built is not what the sources say, so that no test passes or fails for an old reason */
export function checkBuilt(): void {
  for (const name of ['codec', 'protocol', 'client', 'broker', 'cli']) {
    const folder = join(packages, name)
    if (!existsSync(join(folder, 'dist'))) throw new Error(`packages/${name} is not built: run \`npm run build\` first`)
    const builtMs = statSync(join(folder, 'tsconfig.tsbuildinfo')).mtimeMs
    const newer = sourcesOf(folder).find(path => statSync(path).mtimeMs > builtMs)
    if (newer !== undefined) throw new Error(`${newer} is newer than what is built: run \`npm run build\` first`)
  }
}

function sourcesOf(folder: string): string[] {
  return readdirSync(join(folder, 'src'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
}
