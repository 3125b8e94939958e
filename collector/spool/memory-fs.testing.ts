import { dirname } from 'node:path'
import type { SpoolFile, SpoolFs } from './spool-fs.ts'

/** One file: what programs see, and what a power cut leaves. */
interface Inode {
  data: Buffer
  synced: Buffer
}

/** Names to files. */
type Entries = Map<string, Inode>

/** A file system in memory that knows what was synced, can fail on demand and can be copied at any moment. */
export interface MemoryFs extends SpoolFs {
  /** Called before every operation that changes something; throw to make it fail. */
  hook: (operation: string, path: string) => void
  /** Awaited before every write to a file; one that stays pending is a disk that hangs. */
  stall: () => Promise<void>
  /** What a killed process leaves: everything written. */
  afterKill(): MemoryFs
  /** What a power cut leaves: synced names and bytes, and of each file `torn(unsynced)` bytes more. */
  afterPowerCut(torn: (unsyncedBytes: number) => number): MemoryFs
  /** The bytes of a file, for damaging them. */
  bytesOf(path: string): Buffer
  replace(path: string, bytes: Buffer): void
  names(): string[]
}

export function memoryFs(live: Entries = new Map(), durable: Entries = new Map(live)): MemoryFs {
  const need = (path: string): Inode => {
    const inode = live.get(path)
    if (inode === undefined) throw errno('ENOENT')
    return inode
  }
  const syncNames = (directory: string) => {
    for (const path of durable.keys()) if (dirname(path) === directory) durable.delete(path)
    for (const [path, inode] of live) if (dirname(path) === directory) durable.set(path, inode)
  }
  const fs: MemoryFs = {
    hook: () => undefined,
    stall: () => Promise.resolve(),
    async open(path, flags) {
      if (flags !== 'r') fs.hook('open', path)
      if (flags === 'wx' && live.has(path)) throw errno('EEXIST')
      if (flags === 'w') live.set(path, { data: Buffer.alloc(0), synced: Buffer.alloc(0) })
      const isDirectory = flags === 'r' && !live.has(path)
      if (isDirectory && ![...live.keys()].some((name) => dirname(name) === path))
        throw errno('ENOENT')
      return isDirectory ? directoryFile(fs, path, syncNames) : openFile(fs, path, need(path))
    },
    readFile: async (path) => Buffer.from(need(path).data),
    readdir: async (path) =>
      [...live.keys()]
        .filter((name) => dirname(name) === path)
        .map((name) => name.slice(path.length + 1)),
    async rename(from, to) {
      fs.hook('rename', to)
      live.set(to, need(from))
      live.delete(from)
    },
    async link(from, to) {
      fs.hook('link', to)
      if (live.has(to)) throw errno('EEXIST')
      live.set(to, need(from))
    },
    async unlink(path) {
      fs.hook('unlink', path)
      need(path)
      live.delete(path)
    },
    mkdir: async () => undefined,
    afterKill: () => memoryFs(copied(live, (inode) => inode.data)),
    afterPowerCut: (torn) =>
      memoryFs(
        copied(durable, ({ data, synced }) => {
          const more = Math.max(0, data.length - synced.length)
          return Buffer.concat([synced, data.subarray(synced.length, synced.length + torn(more))])
        }),
      ),
    bytesOf: (path) => Buffer.from(need(path).data),
    replace: (path, bytes) => live.set(path, { data: bytes, synced: bytes }),
    names: () => [...live.keys()],
  }
  return fs
}

/** Files under the same names with other bytes; names that share a file go on sharing it. */
function copied(entries: Entries, bytes: (inode: Inode) => Buffer): Entries {
  const copies = new Map<Inode, Inode>()
  const result: Entries = new Map()
  for (const [path, inode] of entries) {
    const data = Buffer.from(bytes(inode))
    const copy = copies.get(inode) ?? { data, synced: data }
    copies.set(inode, copy)
    result.set(path, copy)
  }
  return result
}

function openFile(fs: MemoryFs, path: string, inode: Inode): SpoolFile {
  const sync = async (operation: string) => {
    fs.hook(operation, path)
    inode.synced = Buffer.from(inode.data)
  }
  return {
    async write(bytes, offset, length, position) {
      fs.hook('write', path)
      await fs.stall()
      const size = Math.max(inode.data.length, position + length)
      const data = Buffer.alloc(size)
      data.set(inode.data)
      data.set(bytes.subarray(offset, offset + length), position)
      inode.data = data
      return { bytesWritten: length }
    },
    async read(bytes, offset, length, position) {
      const found = inode.data.subarray(position, position + length)
      bytes.set(found, offset)
      return { bytesRead: found.length }
    },
    async truncate(length) {
      fs.hook('truncate', path)
      inode.data = Buffer.from(inode.data.subarray(0, length))
    },
    datasync: () => sync('datasync'),
    sync: () => sync('sync'),
    close: async () => undefined,
  }
}

function directoryFile(
  fs: MemoryFs,
  path: string,
  syncNames: (directory: string) => void,
): SpoolFile {
  const refuse = () => Promise.reject(errno('EISDIR'))
  const sync = async () => {
    fs.hook('sync', path)
    syncNames(path)
  }
  return {
    write: refuse,
    read: refuse,
    truncate: refuse,
    datasync: sync,
    sync,
    close: async () => undefined,
  }
}

/** An error as the system raises it. */
export function errno(code: string): Error {
  return Object.assign(new Error(code), { code })
}
