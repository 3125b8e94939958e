import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import {
  decodeIntent,
  encodeIntent,
  type Intent,
  type IntentStore,
  intentTaken,
} from './intents.ts'

/** Revisions left behind the last one: a writer that lags less than this is sure to collide. */
const REVISIONS_KEPT = 16

/**
 * Intents of one shard as files `intent-<shard>.<revision>.json`. A revision is written aside, synced and
 * then linked under its name, which only one writer can create: that is the compare-and-set, and it
 * leaves no lock behind when a process dies.
 */
export async function openFileIntents(options: {
  readonly directory: string
  readonly shard: number
}): Promise<IntentStore> {
  const { directory, shard } = options
  await mkdir(directory, { recursive: true })
  const writer = randomUUID()
  const pathOf = (revision: number) => join(directory, `intent-${shard}.${revision}.json`)
  const revisions = async () => {
    const pattern = new RegExp(`^intent-${shard}\\.(\\d+)\\.json$`)
    const found = (await readdir(directory)).flatMap((name) => pattern.exec(name)?.[1] ?? [])
    return found.map(Number).toSorted((a, b) => a - b)
  }
  const load = async (revision: number) => {
    const { writer: from, ...intent } = decodeIntent(await readFile(pathOf(revision)))
    return { from, intent: { ...intent, revision } satisfies Intent }
  }
  return {
    async last() {
      const revision = (await revisions()).at(-1)
      return revision === undefined ? null : (await load(revision)).intent
    },
    async write(body, previous) {
      const revision = (previous?.revision ?? 0) + 1
      const newest = (await revisions()).at(-1) ?? 0
      if (newest === revision) {
        // Either another worker, or this one repeating a write whose end it did not see.
        const { from, intent } = await load(revision)
        const same = Buffer.compare(encodeIntent(intent, from), encodeIntent(body, writer)) === 0
        if (same) return intent
      }
      if (newest !== revision - 1) throw intentTaken(shard)
      await createOnce(directory, pathOf(revision), encodeIntent(body, writer), shard)
      for (const old of await revisions())
        if (old <= revision - REVISIONS_KEPT) await unlink(pathOf(old))
      return { ...body, revision }
    },
  }
}

/** Creates a file whole and durable, or throws E_INTENT_TAKEN when it exists. */
async function createOnce(
  directory: string,
  path: string,
  bytes: Uint8Array,
  shard: number,
): Promise<void> {
  const aside = `${path}.${randomUUID()}`
  const handle = await open(aside, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(aside, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw intentTaken(shard)
    throw error
  } finally {
    await unlink(aside)
  }
  const names = await open(directory, 'r')
  try {
    await names.sync()
  } finally {
    await names.close()
  }
}
