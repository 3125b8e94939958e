import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PlimsollError } from '#schemas/errors.ts'
import { errnoOf, type SpoolFs, writeFully } from './spool-fs.ts'

/** Who holds a directory. `started` tells a process from a later one that got the same id. */
interface Holder {
  readonly pid: number
  readonly started: string
}

const ATTEMPTS = 5

/**
 * Takes the directory for this process and returns what gives it back. A lock whose process is gone is
 * taken over. Throws E_SPOOL_LOCKED while a living process (this one included) holds it. Processes in
 * different PID namespaces cannot see each other: never mount one spool into two containers.
 */
export async function lockDirectory(fs: SpoolFs, directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  const mine: Holder = { pid: process.pid, started: (await startedAt(process.pid)) ?? '' }
  const text = JSON.stringify(mine)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await createLock(fs, path, text)) return () => fs.unlink(path)
    const holder = await readHolder(fs, path)
    if (holder !== null && (await isAlive(holder)))
      throw new PlimsollError(
        'E_SPOOL_LOCKED',
        `process ${holder.pid} uses the spool in ${directory}; stop it or give this collector another directory`,
      )
    await removeStale(fs, path, holder)
  }
  throw new PlimsollError('E_SPOOL_LOCKED', `several processes fight for the spool in ${directory}`)
}

/** Appears whole or not at all: written aside, then linked under the name that only one can create. */
async function createLock(fs: SpoolFs, path: string, text: string): Promise<boolean> {
  const aside = `${path}.${process.pid}`
  const handle = await fs.open(aside, 'w')
  try {
    await writeFully(handle, Buffer.from(text), 0)
  } finally {
    await handle.close()
  }
  try {
    await fs.link(aside, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await fs.unlink(aside)
  }
}

/** Moves the lock away and looks again: if another process took it over meanwhile, it gets it back. */
async function removeStale(fs: SpoolFs, path: string, seen: Holder | null): Promise<void> {
  const aside = `${path}.stale.${process.pid}`
  try {
    await fs.rename(path, aside)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    throw error
  }
  const moved = await readHolder(fs, aside)
  const taken = moved !== null && (moved.pid !== seen?.pid || moved.started !== seen.started)
  if (taken) await fs.link(aside, path)
  await fs.unlink(aside)
}

async function readHolder(fs: SpoolFs, path: string): Promise<Holder | null> {
  try {
    const value: unknown = JSON.parse((await fs.readFile(path)).toString('utf8'))
    if (typeof value !== 'object' || value === null) return null
    if (!('pid' in value) || !('started' in value)) return null
    const { pid, started } = value
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : null
  } catch {
    return null
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: alive, under another user.
    if (errnoOf(error) !== 'EPERM') return false
  }
  const started = await startedAt(holder.pid)
  return started === null || holder.started === '' || started === holder.started
}

/** Machine start and process start in clock ticks (proc(5), field 22), or null where /proc is not. */
async function startedAt(pid: number): Promise<string | null> {
  try {
    const machine = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The command name, field 2, may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return `${machine.trim()}/${fields[19] ?? ''}`
  } catch {
    return null
  }
}
