import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ControlState, type ControlStore, decodeControl, NO_ORDERS } from '#schemas/control.ts'
import { editedState } from './control-store.ts'

/**
 * Orders of a standalone process in one small file, written aside, synced and renamed. One process owns the
 * data directory, so a queue inside it is all the compare-and-set that is needed.
 */
export function openFileControl(options: {
  readonly path: string
  readonly now: () => number
}): ControlStore {
  const { path, now } = options
  let turn: Promise<unknown> = Promise.resolve()
  const read = async (): Promise<ControlState> => {
    try {
      return decodeControl(await readFile(path)) ?? NO_ORDERS
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NO_ORDERS
      throw error
    }
  }
  return {
    read,
    change(edit) {
      const done = turn.then(async () => {
        const next = editedState(await read(), edit, now())
        await writeWhole(path, JSON.stringify(next))
        return next
      })
      turn = done.catch(() => undefined)
      return done
    },
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const aside = `${path}.new`
  const handle = await open(aside, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(aside, path)
}
