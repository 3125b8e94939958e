import { createWriteStream } from 'node:fs'
import { access, constants, lstat, mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { refuseNoFile, refuseTooLarge } from './refusal.ts'
import { ROWS_FILE_NAME } from './rows-headers.ts'

/**
 * Rows of an INSERT on their way to the engine: a file in memory (tmpfs) where there is enough of it,
 * else in the data directory. Binary rows inside the statement text mostly fail and sometimes store
 * wrong rows with an OK (measured), so all rows take this way.
 */
export const INSERT_BYTES_MAX = 512 * 1024 * 1024
/** Free tmpfs below which the data directory is used: a container's default /dev/shm is 64 MiB. */
const TMPFS_FREE_BYTES_MIN = 768 * 1024 * 1024

/** INFILE expands these in a path. */
const GLOB = /[*?{}[\]]/

/**
 * Chooses and empties the folder for insert bodies. `name` is unique to the data directory, whose lock
 * this process holds, so what lies there is left over from a killed predecessor.
 */
export async function prepareBodyFolder(name: string, dataDir: string): Promise<string> {
  const inMemory = join('/dev/shm', name)
  const folder = (await hasRoom('/dev/shm')) ? inMemory : join(dataDir, 'incoming')
  if (GLOB.test(folder)) throw new Error(`the data directory has a pattern character: ${dataDir}`)
  await rm(inMemory, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

async function hasRoom(tmpfs: string): Promise<boolean> {
  try {
    await access(tmpfs, constants.W_OK)
    const { bavail, bsize } = await statfs(tmpfs)
    return bavail * bsize >= TMPFS_FREE_BYTES_MIN
  } catch {
    return false
  }
}

/**
 * Writes a body to `path` and returns its length. Removes the file and throws when the body is too large
 * or breaks off.
 */
export async function receiveBody(
  body: Readable,
  path: string,
  bytesMax = INSERT_BYTES_MAX,
): Promise<number> {
  let bytes = 0
  const file = createWriteStream(path, { mode: 0o600, flags: 'wx' })
  try {
    await pipeline(
      body,
      async function* counted(source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          bytes += chunk.length
          if (bytes > bytesMax) throw refuseTooLarge('the insert body is too large')
          yield chunk
        }
      },
      file,
    )
    return bytes
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** Path of a file of rows that a client put into the folder. Throws when it is none of ours, or too large. */
export async function givenBody(
  folder: string,
  name: string,
  bytesMax = INSERT_BYTES_MAX,
): Promise<string> {
  if (!ROWS_FILE_NAME.test(name)) throw refuseNoFile('no rows are called so')
  const path = join(folder, name)
  const found = await lstat(path).catch(() => null)
  // An empty one cannot be what the client wrote; one of another user cannot be read.
  if (found === null || !found.isFile() || found.size === 0 || !(await isReadable(path)))
    throw refuseNoFile('the file of rows is not there, or cannot be read')
  if (found.size > bytesMax) {
    await rm(path, { force: true })
    throw refuseTooLarge('the insert body is too large')
  }
  return path
}

const isReadable = (path: string) =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

/** Removes the rows of clients that died before they could name them. `isAlive` tells whether a process is there. */
export async function removeOrphans(
  folder: string,
  isAlive: (pid: number) => boolean,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = ROWS_FILE_NAME.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    await rm(join(folder, name), { force: true }).catch(() => undefined)
  }
}
