import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a benchmark leaves behind must go, however it ends: folders and processes register here. */
const leftovers = new Set<() => void>()
let isWatching = false

/** Calls `remove` when this process ends, by itself or by Ctrl-C. Returns how to call that off. */
export function atTheEnd(remove: () => void): () => void {
  watch()
  leftovers.add(remove)
  return () => leftovers.delete(remove)
}

/** A temporary folder that is gone when the benchmark is. */
export function scratchFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `plimsoll-bench-${name}-`))
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5 })
  const forget = atTheEnd(remove)
  return {
    path,
    remove() {
      forget()
      remove()
    },
  }
}

function watch(): void {
  if (isWatching) return
  isWatching = true
  // By default a signal ends the process without its exit handlers.
  process.once('SIGINT', () => process.exit(130))
  process.once('SIGTERM', () => process.exit(143))
  process.on('exit', () => {
    // Processes were registered after the folders they write to: the newest goes first.
    for (const remove of [...leftovers].toReversed()) {
      try {
        remove()
      } catch (error) {
        console.error(`left behind: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  })
}
