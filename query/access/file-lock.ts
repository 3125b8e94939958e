import { open, rm, stat } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const ATTEMPTS_MAX = 200
const ATTEMPT_MS = 25
/** A holder that died leaves its lock; nobody holds one for so long. */
const STALE_MS = 10_000

/**
 * Runs `work` while no other process does the same for `path`: the service and the command line write
 * the same small files. Throws when the lock stays taken for five seconds.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (await take(lock)) {
      try {
        return await work()
      } finally {
        await rm(lock, { force: true })
      }
    }
    await wait(ATTEMPT_MS)
  }
  throw new Error(`${lock} stays taken`)
}

async function take(lock: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600)
    await handle.close()
    return true
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
  try {
    const { mtimeMs } = await stat(lock)
    // File times are wall clock; so is the comparison.
    if (Date.now() - mtimeMs > STALE_MS) await rm(lock, { force: true })
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
  }
  return false
}

/** True for a system error with this code. */
export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
