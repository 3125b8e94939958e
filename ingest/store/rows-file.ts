import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { ROWS_FOLDER_HEADER } from '../engine/rows-headers.ts'

/** Pieces that one system call takes (IOV_MAX of Linux is 1,024). */
const PIECES_MAX = 512
/** After a folder turned out not to be shared, or full, rows take the socket for so long. */
const SOCKET_MS = 600_000

export interface RowsFile {
  readonly name: string
  /** After the insert that named it, whatever became of that. */
  remove(): Promise<void>
}

/**
 * Where rows are put for an embedded engine on this machine, which saves both sides the socket: a block of 120,000
 * rows cost the engine 1.0 us of CPU a row to receive, and costs 0.1 us to read (measured).
 */
export interface RowsFiles {
  /** Learns the folder from the headers of an answer. */
  learn(headers: Readonly<Record<string, string | string[] | undefined>>): void
  /** The file that now holds these bytes, or null: send them as a body. */
  write(pieces: readonly Uint8Array[]): Promise<RowsFile | null>
  /** The engine did not find a file. */
  giveUp(): void
}

/** `url` is the store's: only one on this machine can name a folder. `now` is a clock in ms. */
export function createRowsFiles(url: string, now: () => number = Date.now): RowsFiles {
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)
  let folder: string | null = null
  let notBeforeMs = -Infinity
  const giveUp = () => {
    folder = null
    notBeforeMs = now() + SOCKET_MS
  }
  return {
    giveUp,
    learn(headers) {
      const said = headers[ROWS_FOLDER_HEADER]
      if (!isLocal || now() < notBeforeMs) return
      folder = typeof said === 'string' && isAbsolute(said) ? said : null
    },
    async write(pieces) {
      if (folder === null) return null
      const name = `${process.pid}-${randomBytes(12).toString('hex')}.rows`
      const path = join(folder, name)
      const remove = () => rm(path, { force: true }).catch(() => undefined)
      try {
        await writePieces(path, pieces)
        return { name, remove }
      } catch {
        // Another user's, another container's, or full: the engine says what is wrong if the socket fails too.
        await remove()
        giveUp()
        return null
      }
    },
  }
}

async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    for (let from = 0; from < pieces.length; from += PIECES_MAX) {
      let left = pieces.slice(from, from + PIECES_MAX)
      while (left.length > 0) {
        const { bytesWritten } = await file.writev(left)
        left = after(left, bytesWritten)
      }
    }
  } finally {
    await file.close()
  }
}

/** What is left of the pieces behind so many bytes: a write may take fewer than it was given. */
function after(pieces: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes
  const left: Uint8Array[] = []
  for (const piece of pieces) {
    if (skip < piece.length) left.push(skip === 0 ? piece : piece.subarray(skip))
    skip = Math.max(0, skip - piece.length)
  }
  return left
}
