import { dirname } from 'node:path'
import { errno } from './memory-fs.testing.ts'
import type { SpoolFile, SpoolFs } from './spool-fs.ts'

/** What ends a process: `kill` leaves everything written, `power` forgets what was not synced. */
export type CrashKind = 'kill' | 'power'

/** What goes wrong with one call. `short` = a write takes only a part and says so. */
export type Fault = 'ENOSPC' | 'EIO' | 'short'

export type Operation =
  | 'open'
  | 'write'
  | 'read'
  | 'readFile'
  | 'readdir'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'link'
  | 'unlink'

/** A whole number in [0, below). */
export type Random = (below: number) => number

interface Inode {
  /** What programs see. */
  live: Buffer
  /** What a power cut leaves at least. */
  durable: Buffer
  /** Offsets a failed sync gave up on: until they are written again a later sync leaves them out (as Linux does). */
  stale: Set<number>
}

/** Names that one operation changed, together or not at all. */
type Change = readonly (readonly [path: string, inode: Inode | null])[]

/** A file system in memory for the model test: it forgets, tears, refuses and ends at any call. */
export interface CrashFs extends SpoolFs {
  /** Asked before each call. */
  fault: (operation: Operation, path: string) => Fault | null
  /** Ends everything at this many calls from now; null = never. */
  crashAfter: { calls: number; kind: CrashKind } | null
  /** Awaited before every write to a file: a disk that hangs. */
  stall: () => Promise<void>
  /** Resolves when the crash came. Every call from then on stays unanswered for ever. */
  readonly crashed: Promise<void>
  /** What the crash left; null before it came. */
  readonly left: CrashFs | null
  /** Ends everything now. */
  crash(kind: CrashKind): void
  bytesOf(path: string): Buffer
  /** Bytes change under the spool, as on a disk that rots. */
  damage(path: string, change: (bytes: Buffer) => void): void
  /** Takes a file away behind the spool's back, if it is there. */
  remove(path: string): void
  names(): string[]
}

/** Smallest piece that is written or not: far below a sector, since the model's files are far below real ones. */
const BLOCK_BYTES = 16

type Names = Map<string, Inode>

/** Names as programs see them, as a power cut leaves them at least, and what lies between the two. */
interface Directory {
  readonly live: Names
  readonly durable: Names
  readonly changes: Change[]
}

const emptyDirectory = (): Directory => ({ live: new Map(), durable: new Map(), changes: [] })

/** An empty file system, or what a crash left; `random` decides what is kept of unsynced blocks and names. */
export function crashFs(random: Random, before: Directory = emptyDirectory()): CrashFs {
  const { live, durable, changes } = before
  const crashed = Promise.withResolvers<void>()
  let left: CrashFs | null = null

  const apply = (change: Change) => {
    for (const [path, inode] of change)
      if (inode === null) live.delete(path)
      else live.set(path, inode)
    changes.push(change)
  }
  const syncNames = (directory: string) => {
    const inside = (path: string) => dirname(path) === directory
    for (const path of durable.keys()) if (inside(path)) durable.delete(path)
    for (const [path, inode] of live) if (inside(path)) durable.set(path, inode)
    changes.length = 0
  }
  const crash = (kind: CrashKind) => {
    left = crashFs(random, kind === 'kill' ? before : afterPowerCut(before, random))
    crashed.resolve()
  }
  /** Every call goes through here: it may be the last one, or fail. */
  const enter = async (operation: Operation, path: string): Promise<Fault | null> => {
    if (left === null && fs.crashAfter !== null) {
      fs.crashAfter.calls -= 1
      if (fs.crashAfter.calls <= 0) crash(fs.crashAfter.kind)
    }
    if (left !== null) return new Promise(() => undefined)
    const fault = fs.fault(operation, path)
    if (fault === 'EIO' || (fault === 'ENOSPC' && operation !== 'write')) throw errno(fault)
    return fault
  }
  const need = (path: string): Inode => {
    const inode = live.get(path)
    if (inode === undefined) throw errno('ENOENT')
    return inode
  }
  const stall = async () => {
    await fs.stall()
    if (left !== null) await new Promise(() => undefined)
  }
  const tools: FileTools = { enter, random, syncNames, stall }

  const fs: CrashFs = {
    fault: () => null,
    crashAfter: null,
    stall: () => Promise.resolve(),
    crashed: crashed.promise,
    get left() {
      return left
    },
    crash,
    bytesOf: (path) => Buffer.from(need(path).live),
    damage(path, change) {
      const inode = need(path)
      change(inode.live)
      inode.durable = Buffer.from(inode.live)
    },
    remove(path) {
      live.delete(path)
      durable.delete(path)
    },
    names: () => [...live.keys()],
    async open(path, flags) {
      await enter('open', path)
      if (flags === 'wx' && live.has(path)) throw errno('EEXIST')
      if (flags === 'r' && !live.has(path)) return directoryOf(tools, path)
      const known = live.get(path)
      if (flags === 'w' && known !== undefined) known.live = Buffer.alloc(0)
      const isNew = known === undefined && flags.startsWith('w')
      if (isNew)
        apply([
          [path, { live: Buffer.alloc(0), durable: Buffer.alloc(0), stale: new Set<number>() }],
        ])
      return fileOf(tools, path, need(path))
    },
    async readFile(path) {
      await enter('readFile', path)
      return Buffer.from(need(path).live)
    },
    async readdir(path) {
      await enter('readdir', path)
      const inside = [...live.keys()].filter((name) => dirname(name) === path)
      return inside.map((name) => name.slice(path.length + 1))
    },
    async rename(from, to) {
      await enter('rename', to)
      apply([
        [to, need(from)],
        [from, null],
      ])
    },
    async link(from, to) {
      await enter('link', to)
      if (live.has(to)) throw errno('EEXIST')
      apply([[to, need(from)]])
    },
    async unlink(path) {
      await enter('unlink', path)
      need(path)
      apply([[path, null]])
    },
    mkdir: async () => undefined,
  }
  return fs
}

interface FileTools {
  readonly enter: (operation: Operation, path: string) => Promise<Fault | null>
  readonly random: Random
  readonly syncNames: (directory: string) => void
  readonly stall: () => Promise<void>
}

function fileOf({ enter, random, stall }: FileTools, path: string, inode: Inode): SpoolFile {
  const sync = async () => {
    try {
      await enter('sync', path)
    } catch (error) {
      // Some of it may have reached the disk; the rest is not tried again.
      inode.durable = mixed(inode.durable, inode.live, random)
      for (const [at, byte] of inode.live.entries())
        if (inode.durable[at] !== byte) inode.stale.add(at)
      throw error
    }
    inode.durable = withoutStale(inode)
  }
  return {
    async write(bytes, offset, length, position) {
      const fault = await enter('write', path)
      await stall()
      const taken = fault === null ? length : random(length)
      const end = Math.max(inode.live.length, position + taken)
      const next = Buffer.alloc(end)
      next.set(inode.live)
      next.set(bytes.subarray(offset, offset + taken), position)
      inode.live = next
      for (let at = position; at < position + taken; at += 1) inode.stale.delete(at)
      if (fault === 'ENOSPC') throw errno('ENOSPC')
      return { bytesWritten: taken }
    },
    async read(bytes, offset, length, position) {
      await enter('read', path)
      const found = inode.live.subarray(position, position + length)
      bytes.set(found, offset)
      return { bytesRead: found.length }
    },
    async truncate(length) {
      await enter('truncate', path)
      inode.live = Buffer.from(inode.live.subarray(0, length))
    },
    datasync: sync,
    sync,
    close: async () => undefined,
  }
}

function directoryOf({ enter, syncNames }: FileTools, path: string): SpoolFile {
  const refuse = () => Promise.reject(errno('EISDIR'))
  const sync = async () => {
    await enter('sync', path)
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

/** What a sync makes durable: all of it, but for bytes that an earlier failed sync gave up on. */
function withoutStale({ live, durable, stale }: Inode): Buffer {
  const result = Buffer.from(live)
  for (const at of stale) if (at < result.length) result[at] = durable[at] ?? 0
  return result
}

function afterPowerCut({ durable, changes }: Directory, random: Random): Directory {
  const copies = new Map<Inode, Inode>()
  const names: Names = new Map()
  for (const [path, inode] of namesAfterPowerCut(durable, changes, random)) {
    // Names that share a file go on sharing it.
    const bytes = mixed(inode.durable, inode.live, random)
    const copy = copies.get(inode) ?? {
      live: bytes,
      durable: Buffer.from(bytes),
      stale: new Set<number>(),
    }
    copies.set(inode, copy)
    names.set(path, copy)
  }
  return { live: names, durable: new Map(names), changes: [] }
}

/**
 * Unsynced names after a power cut: of a file system with a journal the operations up to some point, of
 * others any state that each name had since the last sync.
 */
function namesAfterPowerCut(
  durable: ReadonlyMap<string, Inode>,
  changes: readonly Change[],
  random: Random,
): Names {
  const names = new Map(durable)
  const set = (path: string, inode: Inode | null) => {
    if (inode === null) names.delete(path)
    else names.set(path, inode)
  }
  if (random(2) === 0) {
    for (const change of changes.slice(0, random(changes.length + 1)))
      for (const [path, inode] of change) set(path, inode)
    return names
  }
  const states = new Map<string, (Inode | null)[]>()
  for (const [path, inode] of changes.flat())
    states.set(path, [...(states.get(path) ?? [durable.get(path) ?? null]), inode])
  for (const [path, found] of states) set(path, found[random(found.length)] ?? null)
  return names
}

/** Old or new content block by block, one of them torn at any byte; blocks nobody wrote are zeros. */
function mixed(durable: Buffer, live: Buffer, random: Random): Buffer {
  const [shorter, longer] = [durable.length, live.length].toSorted((a, b) => a - b)
  const length = (shorter ?? 0) + random((longer ?? 0) - (shorter ?? 0) + 1)
  const result = Buffer.alloc(length)
  const common = commonPrefix(durable, live, length)
  result.set(live.subarray(0, common))
  const mode = random(3)
  for (let at = common; at < length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, length)
    // All old, all new, or any of each; the last kind with a tear inside the block.
    const cut = mode === 0 ? at : mode === 1 || random(2) === 0 ? end : at + random(end - at + 1)
    const isNewFirst = mode !== 2 || random(2) === 0
    result.set((isNewFirst ? live : durable).subarray(at, cut), at)
    result.set((isNewFirst ? durable : live).subarray(cut, end), cut)
  }
  return result
}

function commonPrefix(a: Buffer, b: Buffer, length: number): number {
  const most = Math.min(a.length, b.length, length)
  let at = 0
  while (at < most && a[at] === b[at]) at += 1
  return at
}
