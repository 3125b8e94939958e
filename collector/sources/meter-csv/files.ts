import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compileGlob, matchesGlob } from '../../formats/glob.ts'

/** A file as it lies there. */
export interface FoundFile {
  readonly path: string
  /** What stays when it is renamed: device and inode. */
  readonly key: string
  readonly size: number
  readonly mtimeMs: number
}

/** The files of this machine; tests bring their own. Rejections are those of node:fs. */
export interface FileStore {
  /** The file at a path, or those in a folder whose names fit, oldest change first. */
  list(path: string, pattern: string): Promise<FoundFile[]>
  read(path: string, from: number, bytes: number): Promise<Uint8Array>
  /** A small text, or null when there is none. */
  loadText(path: string): Promise<string | null>
  /** Whole or not at all. */
  saveText(path: string, text: string): Promise<void>
}

/** Files of one folder that are followed; the rest waits until these are gone. */
export const FILES_MAX = 2000
const TEXT_BYTES = 16 << 20

export const systemFiles: FileStore = {
  async list(path, pattern) {
    const info = await stat(path)
    if (info.isFile()) return [foundOf(path, info)]
    const glob = compileGlob(pattern)
    const names = (await readdir(path)).filter((name) => matchesGlob(name, glob)).sort()
    const found: FoundFile[] = []
    for (const name of names.slice(0, FILES_MAX)) {
      const at = join(path, name)
      // It may be gone again: exports are moved away.
      const one = await stat(at).catch(() => null)
      if (one?.isFile() === true) found.push(foundOf(at, one))
    }
    return found.sort((a, b) => a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1))
  },
  async read(path, from, bytes) {
    const file = await open(path, 'r')
    try {
      const buffer = new Uint8Array(bytes)
      const { bytesRead } = await file.read(buffer, 0, bytes, from)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  },
  async loadText(path) {
    const info = await stat(path).catch(() => null)
    return info === null || info.size > TEXT_BYTES ? null : readFile(path, 'utf8')
  },
  async saveText(path, text) {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  },
}

const foundOf = (
  path: string,
  { dev, ino, size, mtimeMs }: { dev: number; ino: number; size: number; mtimeMs: number },
): FoundFile => ({ path, key: `${dev}:${ino}`, size, mtimeMs })
