import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { deviceId } from '../identity/device-id.ts'
import type { FileDevice } from './known-devices.ts'
import { type CountsMap, minutesOf } from './map.ts'
import type { SampleRows } from './sample-rows.ts'
import { createLevelRuns, type Span } from './spans.ts'

/** One row of counts. */
export interface CountRow {
  readonly atMs: number
  readonly total: number
  readonly running: number
}

/** Devices of one group at most. */
export const GROUP_DEVICES_MAX = 100_000
/** Busy by allocation, nothing else. */
const BUSY_BY_ALLOCATION = { busySource: BUSY_SOURCES.indexOf('allocation'), flags: 0 } as const

interface Slot {
  readonly device: FileDevice
  readonly low: number
  readonly high: number
  readonly capacity: Span[]
  readonly held: Span[]
  firstMs: number
}

/** The devices that one group's counts stand for: slot n exists while there are more than n, and is held while more than n run. */
export interface GroupSlots {
  /** Takes the next row in time; false when it is not later than the one before. */
  add(row: CountRow): boolean
  /** Ten minutes of rows, or all that are left, device by device: the order of the table. */
  write(rows: SampleRows, onFull: () => Promise<void>): Promise<void>
  /** Whether the next row begins another ten minutes, so that what waits should be written first. */
  isDue(atMs: number): boolean
  /** Ends what is open and returns all slots. */
  end(): readonly Omit<Slot, 'low' | 'high'>[]
}

const BUCKET_MS = 600_000
const WORD = 2n ** 32n

export function createGroupSlots(group: string, map: CountsMap, dataset: string): GroupSlots {
  const slots: Slot[] = []
  const capacity = createLevelRuns((slot, span) => slots[slot]?.capacity.push(span))
  const held = createLevelRuns((slot, span) => slots[slot]?.held.push(span))
  const minutes = minutesOf(map.step_ms)
  let waiting: CountRow[] = []
  let lastMs = -Infinity

  return {
    add(row) {
      const { atMs, total, running } = row
      if (atMs <= lastMs) return false
      // Nobody said who held a device in rows that are missing; that it was there is not in doubt.
      if (atMs > lastMs + map.step_ms && lastMs > -Infinity) held.set(lastMs + map.step_ms, 0)
      while (slots.length < total)
        slots.push({ ...newSlot(group, slots.length, { map, dataset }), firstMs: atMs })
      capacity.set(atMs, total)
      held.set(atMs, running)
      lastMs = atMs
      waiting.push(row)
      return true
    },
    isDue: (atMs) => {
      const [first] = waiting
      return first !== undefined && bucketOf(first.atMs) !== bucketOf(atMs)
    },
    async write(rows, onFull) {
      const most = Math.max(0, ...waiting.map(({ total }) => total))
      for (const [slot, { low, high }] of slots.slice(0, most).entries())
        for (const { atMs, total, running } of waiting) {
          if (slot >= total) continue
          for (let minute = 0; minute < minutes.count; minute += 1) {
            const at = atMs + minute * minutes.stepMs
            if (rows.isFull(at)) await onFull()
            rows.add({ low, high, atMs: at, stepMs: minutes.stepMs, ...BUSY_BY_ALLOCATION })
            rows.put('busy_ratio', slot < running ? 1 : 0)
          }
        }
      waiting = []
    },
    end() {
      capacity.set(lastMs + map.step_ms, 0)
      held.set(lastMs + map.step_ms, 0)
      return slots
    },
  }
}

const bucketOf = (ms: number) => Math.floor(ms / BUCKET_MS)

function newSlot(
  group: string,
  slot: number,
  { map, dataset }: { readonly map: CountsMap; readonly dataset: string },
): Omit<Slot, 'firstMs'> {
  const perNode = map.devices_per_node
  const node = `${group}-n${String(Math.floor(slot / perNode) + 1).padStart(3, '0')}`
  const index = slot % perNode
  const key = `slot:${dataset}/${node}/${index}`
  const id = deviceId(key)
  const dimensions = { ...map.dimensions, [map.group_as]: group, node }
  return {
    device: { key, index, dimensions },
    low: Number(id % WORD),
    high: Number(id / WORD),
    capacity: [],
    held: [],
  }
}
