import type { Engine, EngineEntry, KeyRange } from './engine.ts'
import { behind } from './keys.ts'

/** The entries of a range in their order, page by page. @param count entries of a page at most */
export async function* pagesOf(engine: Engine, range: KeyRange, count: number): AsyncGenerator<readonly EngineEntry[]> {
  for (let rest = range; ; ) {
    const page = await engine.page(rest, count)
    if (page.length > 0) yield page
    if (page.length < count) return
    rest = behind(page.at(-1)!.key, range)
  }
}
