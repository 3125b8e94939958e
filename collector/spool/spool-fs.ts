import { link, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/** An open file, as far as the spool uses one. node:fs/promises' FileHandle is one. */
export interface SpoolFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  read(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** What the spool needs of a file system; tests hand in one that fails or forgets. */
export interface SpoolFs {
  open(path: string, flags: 'r' | 'r+' | 'w' | 'wx'): Promise<SpoolFile>
  readFile(path: string): Promise<Buffer>
  readdir(path: string): Promise<string[]>
  rename(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  mkdir(path: string, options: { readonly recursive: true }): Promise<unknown>
}

/** The machine's own file system. */
export const nodeFs: SpoolFs = { open, readFile, readdir, rename, link, unlink, mkdir }

/** Makes creations, renames and removals in a directory durable. */
export async function syncDirectory(fs: SpoolFs, directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a file so that after any crash it holds either the old or the new bytes. */
export async function replaceFile(fs: SpoolFs, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`
  const handle = await fs.open(temporary, 'w')
  try {
    await writeFully(handle, bytes, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await fs.rename(temporary, path)
  await syncDirectory(fs, dirname(path))
}

/** Writes all bytes at a position; one write may take only a part of them, but one that takes nothing is an error. */
export async function writeFully(
  handle: SpoolFile,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    // Tried again for ever it would hang the spool without an alarm.
    if (bytesWritten === 0) throw new Error('a write took nothing')
    done += bytesWritten
  }
}

/** The system's code of an error (ENOSPC, EIO...), or `unknown`. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'unknown'
}

/** Waits for a removal; a file that is gone already is as good. */
export async function ignoreMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}
