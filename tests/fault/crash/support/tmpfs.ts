import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Why no small disk can be had, or `undefined` when it can. */
export function missingTmpfs(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk'
  const folder = mkdtempSync(join(tmpdir(), 'curlew-mount-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  if (mounted.status === 0) spawnSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return mounted.status === 0 ? undefined : `a tmpfs cannot be mounted: ${mounted.stderr}`.trim()
}

/** A disk in memory of a size that can be changed. It is gone with its test. */
export class Tmpfs {
  readonly folder: string

  constructor(size: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'curlew-disk-'))
    mount('-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder)
    onTestFinished(() => {
      spawnSync('umount', ['-l', this.folder])
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  /** @param options such as `size=64m`, `ro` or `rw` */
  remount(options: string): void {
    mount('-o', `remount,${options}`, this.folder)
  }
}

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args)
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`)
}
