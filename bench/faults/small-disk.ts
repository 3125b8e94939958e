import { spawnSync } from 'node:child_process'
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder on a disk so small that it can be filled, where this user may mount one. */
export interface SmallDisk {
  readonly path: string
  /** False where nobody may mount: the folder is on the large disk, and cannot be filled. */
  readonly isReal: boolean
  /** Fills it to the last byte. */
  fill(): void
  empty(): void
  remove(): void
}

const MIB = 2 ** 20

export async function openSmallDisk(path: string, mebibytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true })
  const size = `size=${mebibytes}m`
  const isReal = spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', path]).status === 0
  const ballast = join(path, 'ballast')
  return {
    path,
    isReal,
    fill() {
      const file = openSync(ballast, 'w')
      for (let bytes = MIB; bytes >= 1; bytes = Math.floor(bytes / 8))
        while (isWritten(file, bytes));
      closeSync(file)
    },
    empty() {
      try {
        unlinkSync(ballast)
      } catch {
        // It was never filled.
      }
    },
    remove() {
      if (isReal) spawnSync('umount', ['--lazy', path])
    },
  }
}

function isWritten(file: number, bytes: number): boolean {
  try {
    return writeSync(file, new Uint8Array(bytes)) === bytes
  } catch {
    return false
  }
}
