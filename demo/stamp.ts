import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'

/** What says that everything in a folder is made up. */
export const STAMP_FILE = 'SIMULATED.json'

export const DemoStamp = z.object({
  simulated: z.literal(true),
  /** Of this file. */
  version: z.literal(1),
  seed: z.int(),
  devices: z.int(),
  days: z.number(),
  /** RFC 3339. */
  created_at: z.string(),
})
export type DemoStamp = z.infer<typeof DemoStamp>

export interface DemoParams {
  readonly seed: number
  readonly devices: number
  readonly days: number
  /** Epoch ms. */
  readonly nowMs: number
}

/**
 * Makes the folder of a demo: new and stamped, what an earlier demo left in it removed. Throws
 * E_DATA_NOT_SIMULATED for a folder that holds anything and has no stamp; nothing in it is touched.
 */
export async function openDemoData(dir: string, params: DemoParams): Promise<string> {
  const path = resolve(dir)
  const entries = await entriesOf(path)
  if (entries.length > 0 && !(await isStamped(path)))
    throw new PlimsollError(
      'E_DATA_NOT_SIMULATED',
      `${path} holds something and no ${STAMP_FILE}; give the demo a folder of its own with --data`,
    )
  const { seed, devices, days, nowMs } = params
  const created_at = new Date(nowMs).toISOString()
  const stamp: DemoStamp = { simulated: true, version: 1, seed, devices, days, created_at }
  await mkdir(path, { recursive: true })
  // The old stamp stays until the new one takes its place: at no moment is simulated data unstamped.
  for (const entry of entries.filter((name) => name !== STAMP_FILE))
    await rm(join(path, entry), { recursive: true, force: true })
  await writeFile(join(path, STAMP_FILE), `${JSON.stringify(stamp, null, 2)}\n`)
  return path
}

/** Throws E_DATA_SIMULATED for a folder, or one below a folder, that a demo has stamped. */
export async function refuseSimulated(dir: string): Promise<void> {
  for (let path = resolve(dir); ; path = resolve(path, '..')) {
    if (await hasStampFile(path))
      throw new PlimsollError(
        'E_DATA_SIMULATED',
        `${path} holds simulated data (${STAMP_FILE}); real data needs another folder, see --data`,
      )
    if (path === resolve(path, '..')) return
  }
}

/** The stamp of a folder, or null. */
export async function readStamp(dir: string): Promise<DemoStamp | null> {
  try {
    return DemoStamp.parse(JSON.parse(await readFile(join(dir, STAMP_FILE), 'utf8')))
  } catch {
    return null
  }
}

/** Only a stamp that can be read lets a folder be emptied. */
const isStamped = async (path: string) => (await readStamp(path)) !== null

/** Damaged or not, it says that somebody made this data up. */
async function hasStampFile(path: string): Promise<boolean> {
  return (await entriesOf(path)).includes(STAMP_FILE)
}

async function entriesOf(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR')
      throw new PlimsollError('E_DATA_NOT_SIMULATED', `${path} is a file and no folder`, {
        cause: error,
      })
    throw error
  }
}
