import { statfs } from 'node:fs/promises'
import { z } from 'zod'
import type { WatchedDisk } from '#schemas/pipeline-report.ts'
import type { DiskStatus } from '#schemas/ports.ts'
import type { Logger } from '#schemas/role.ts'
import type { Store } from './store/store.ts'

/** Room of a file system as a program without special rights sees it. */
export interface DiskSpace {
  readonly usedBytes: number
  readonly freeBytes: number
}

/** A file system that ingest fills. `name` is shown to people: no path, no address. */
export interface DiskPlace {
  readonly name: string
  /** Null when there is nothing to fill: no such folder yet, an object store without a limit. */
  measure(): Promise<readonly NamedSpace[]>
}

/** One of the disks of a place; a folder has one, a server may have several. */
export interface NamedSpace extends DiskSpace {
  readonly name: string
}

/** Shares of a disk, 0..1. */
export interface DiskLimits {
  /** From here on people are warned. */
  readonly warning: number
  /** From here on ingest takes nothing… */
  readonly stop: number
  /** …until less than this is used again. */
  readonly resume: number
}

export const DEFAULT_DISK_LIMITS: DiskLimits = { warning: 0.85, stop: 0.95, resume: 0.93 }
/** A warning ends this much lower than it began: no line in the log for every byte around the limit. */
const CALM = 0.01
/** How often ingest looks. */
export const DISK_LOOK_MS = 15_000

export interface DiskGuard {
  /** Measures every place; never rejects. What cannot be measured now keeps its last verdict. */
  look(): Promise<void>
  /** False while messages are to be left where they are. */
  hasRoom(): boolean
  readonly status: DiskStatus
  /** Each watched disk, fullest first; of a place that cannot be seen the last sight. */
  disks(): readonly WatchedDisk[]
}

export interface DiskGuardOptions {
  readonly places: readonly DiskPlace[]
  readonly log: Logger
  readonly limits?: DiskLimits
}

/**
 * Watches what ingest fills. A disk that is nearly full stops the taking of messages while spools and
 * streams still have room to keep them; nothing is acknowledged that is not stored. Holds no timer.
 */
export function createDiskGuard({
  places,
  log,
  limits = DEFAULT_DISK_LIMITS,
}: DiskGuardOptions): DiskGuard {
  let status: DiskStatus = { state: 'unknown', used_ratio: null, free_bytes: null, detail: '' }
  const seen = new Map<DiskPlace, readonly NamedSpace[]>()
  const unseen = new Set<DiskPlace>()

  const measure = async (place: DiskPlace) => {
    try {
      seen.set(place, await place.measure())
      unseen.delete(place)
    } catch (error) {
      if (!unseen.has(place))
        log.warn('cannot see how full a disk is', { disk: place.name, cause: String(error) })
      unseen.add(place)
    }
  }
  return {
    async look() {
      await Promise.all(places.map(measure))
      const before = status.state
      status = judge([...seen.values()].flat(), before, limits)
      if (status.state !== before) tell(log, before, status)
    },
    hasRoom: () => status.state !== 'stopped',
    disks: () => eachDisk([...seen.values()].flat(), limits),
    get status() {
      return status
    },
  }
}

/** The verdict on the fullest disk. Pure. */
export function judge(
  spaces: readonly NamedSpace[],
  before: DiskStatus['state'],
  limits: DiskLimits,
): DiskStatus {
  const known = spaces.filter(({ usedBytes, freeBytes }) => usedBytes + freeBytes > 0)
  const [worst] = known.toSorted((a, b) => usedRatio(b) - usedRatio(a))
  if (worst === undefined)
    return { state: 'unknown', used_ratio: null, free_bytes: null, detail: '' }
  const ratio = usedRatio(worst)
  const stopsAt = before === 'stopped' ? limits.resume : limits.stop
  const isWarned = before === 'stopped' || before === 'warning'
  const warnsAt = limits.warning - (isWarned ? CALM : 0)
  const state = ratio >= stopsAt ? 'stopped' : ratio >= warnsAt ? 'warning' : 'ok'
  const percent = (share: number) => `${Math.floor(share * 1000) / 10} %`
  const full = `${worst.name} is ${percent(ratio)} full`
  const details = {
    ok: '',
    warning: `${full}; at ${percent(limits.stop)} ingest stops taking messages. Make room: docs/operations.md`,
    stopped: `${full}: ingest takes no messages until it is below ${percent(limits.resume)}; spools and the bus keep them. Make room: docs/operations.md`,
  }
  return { state, used_ratio: ratio, free_bytes: worst.freeBytes, detail: details[state] }
}

/** How each disk is on its own. Pure. */
export function eachDisk(spaces: readonly NamedSpace[], limits: DiskLimits): WatchedDisk[] {
  return spaces
    .map((space): WatchedDisk => {
      const { name, freeBytes } = space
      const isKnown = space.usedBytes + freeBytes > 0
      if (!isKnown) return { name, state: 'unknown', used_ratio: null, free_bytes: null }
      const ratio = usedRatio(space)
      const state = ratio >= limits.stop ? 'stopped' : ratio >= limits.warning ? 'warning' : 'ok'
      return { name, state, used_ratio: ratio, free_bytes: freeBytes }
    })
    .toSorted((a, b) => (b.used_ratio ?? -1) - (a.used_ratio ?? -1))
}

function tell(log: Logger, before: DiskStatus['state'], { state, detail }: DiskStatus): void {
  if (state === 'stopped') log.error('a disk is nearly full, ingest stops', { detail })
  else if (state === 'warning')
    log.warn(
      before === 'stopped' ? 'there is some room again, ingest goes on' : 'a disk fills up',
      {
        detail,
      },
    )
  else if (before === 'stopped' || before === 'warning') log.info('there is room on the disk again')
}

const usedRatio = ({ usedBytes, freeBytes }: DiskSpace) => usedBytes / (usedBytes + freeBytes)

/** `statfs` of node:fs, or a test's. */
export type StatFs = (path: string) => Promise<{
  readonly bsize: number
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
}>

/** The file system of a folder; a folder that is not there yet has nothing to fill. */
export function folderPlace(name: string, path: string, read: StatFs = statfs): DiskPlace {
  return {
    name,
    async measure() {
      try {
        const { bsize, blocks, bfree, bavail } = await read(path)
        // What only root may write counts as used, as in df.
        return [{ name, usedBytes: (blocks - bfree) * bsize, freeBytes: bavail * bsize }]
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
        throw error
      }
    },
  }
}

const DISKS = `SELECT name, toString(free_space) AS free, toString(total_space) AS total
  FROM system.disks WHERE NOT is_broken AND total_space > 0`
const DiskRow = z.object({ name: z.string(), free: z.coerce.number(), total: z.coerce.number() })
/** Object storage calls itself endless (2^64 - 1). */
const ENDLESS_BYTES = 2 ** 60

/** The disks of a ClickHouse server: the fullest one counts. */
export function serverPlace(store: Pick<Store, 'query'>): DiskPlace {
  return {
    name: 'ClickHouse',
    async measure() {
      const rows = z.array(DiskRow).parse(await store.query(DISKS))
      return rows
        .filter(({ total }) => total < ENDLESS_BYTES)
        .map(({ name, free, total }) => ({
          name: `the disk "${name}" of ClickHouse`,
          usedBytes: Math.max(0, total - free),
          freeBytes: free,
        }))
    },
  }
}
