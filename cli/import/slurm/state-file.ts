import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PlimsollError } from '#schemas/errors.ts'
import { lockDirectory } from '../../../collector/spool/lock.ts'
import { errnoOf, nodeFs } from '../../../collector/spool/spool-fs.ts'
import { SlurmState } from './import.ts'

/** How long one import waits for another: a run takes seconds, and cron starts the next soon. */
const WAIT: Wait = { attempts: 300, everyMs: 100 }

interface Wait {
  readonly attempts: number
  readonly everyMs: number
}

/** A state that this process alone works with until `release`. */
export interface HeldState {
  readonly state: SlurmState | 'new'
  /** Replaces the file whole: a reader sees the old one or the new one, also after a crash. */
  save(state: SlurmState): Promise<void>
  release(): Promise<void>
}

/**
 * Takes a state file for this process. Throws E_IMPORT_BUSY when another import holds it too long, and
 * E_IMPORT_INVALID when the file is not ours or damaged.
 */
export async function holdState(path: string, wait: Wait = WAIT): Promise<HeldState> {
  await mkdir(`${path}.lock`, { recursive: true })
  const release = await lock(path, wait)
  try {
    return { state: await readState(path), save: (state) => writeState(path, state), release }
  } catch (error) {
    await release()
    throw error
  }
}

async function lock(path: string, wait: Wait): Promise<() => Promise<void>> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await lockDirectory(nodeFs, `${path}.lock`)
    } catch (error) {
      if (!(error instanceof PlimsollError) || error.code !== 'E_SPOOL_LOCKED') throw error
      if (attempt >= wait.attempts)
        throw new PlimsollError(
          'E_IMPORT_BUSY',
          `another import has worked with ${path} for ${(wait.attempts * wait.everyMs) / 1000} s; the next run takes up what this one left`,
          { cause: error },
        )
    }
    await delay(wait.everyMs)
  }
}

async function readState(path: string): Promise<SlurmState | 'new'> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'new'
    throw new PlimsollError('E_USAGE', `--state ${path} cannot be read`, { cause: error })
  }
  const read = SlurmState.safeParse(jsonOf(text))
  if (read.success) return read.data
  throw new PlimsollError(
    'E_IMPORT_INVALID',
    `${path} is no state of plimsoll import, or was damaged: move it away; the next run makes it anew, and accounting closes what it knew`,
  )
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function writeState(path: string, state: SlurmState): Promise<void> {
  const aside = `${path}.new`
  const file = await open(aside, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(state))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(aside, path)
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
