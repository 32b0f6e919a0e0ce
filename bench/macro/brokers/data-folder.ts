import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of its own for what one broker writes, among the temporary files. */
export class DataFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'curlew-bench-'))

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }

  /** So that it can stand among the processes that must not outlive their parent. */
  kill(): void {
    this.remove()
  }
}
