import { describe, expect, it } from 'vitest'
import { classFinder } from '../../cli/import/class-map.ts'
import { NO_MAP } from '../../cli/import/slurm/device-map.ts'
import { allocationsOf, type Run } from '../../cli/import/slurm/run.ts'
import { readSqueueJson } from '../../cli/import/slurm/squeue-json.ts'
import { diffAllocations } from '../../cli/import/slurm/sync.ts'
import { buildSlots, slotAt } from './jobs.ts'
import { buildFleet } from './layout.ts'
import { squeueJson } from './slurm.ts'

const SINCE = Date.parse('2026-11-16T00:00Z')
const HOUR = 3_600_000
const fleet = buildFleet(512, 1)
const slots = buildSlots(fleet)

const OPTIONS = {
  cluster: 'aurora',
  accelerators: new Set(['gpu', 'npu']),
  devicesPerNode: null,
  timeZone: null,
  classOf: classFinder({}),
  deviceOf: NO_MAP,
}
const momentsAt = (atMs: number) => slots.map((slot) => slotAt(slot, fleet.seed, atMs))
const lookAt = (atMs: number, cluster = 'aurora') =>
  readSqueueJson(squeueJson({ slots, moments: momentsAt(atMs), cluster, sinceMs: SINCE }), OPTIONS)

/** `node/index job` of every held device, as the simulation has it. */
function heldAt(atMs: number, cluster: string): string[] {
  const moments = momentsAt(atMs)
  return slots.flatMap((slot, at) => {
    const job = moments[at]?.job ?? null
    if (job === null || slot.nodes[0]?.cluster !== cluster) return []
    return slot.nodes.flatMap(({ name, devices }) =>
      devices.map(({ index }) => `${name}/${index} ${job}`),
    )
  })
}

describe('a simulated controller', () => {
  it.each(['aurora', 'basalt'])(
    'of %s prints who holds what, as the reader finds it',
    (cluster) => {
      for (const hour of [0, 3, 30, 77]) {
        const atMs = SINCE + hour * HOUR
        const looked = lookAt(atMs, cluster)
        expect(looked.problems).toEqual({ refused: 0, noted: 0, examples: [] })
        const rows = looked.runs.flatMap(allocationsOf)
        const found = rows.map(({ node, index, job }) => `${node}/${index} ${job.split(' ')[1]}`)
        expect(found.toSorted()).toEqual(heldAt(atMs, cluster).toSorted())
        expect(rows.every(({ class: workload }) => workload !== '')).toBe(true)
      }
    },
  )

  it('over a day each job has one id and one start, and no device two jobs', () => {
    let known: readonly Run[] = []
    for (let atMs = SINCE; atMs < SINCE + 24 * HOUR; atMs += HOUR / 4) {
      const looked = lookAt(atMs)
      const rows = looked.runs.flatMap(allocationsOf)
      expect(new Set(rows.map(({ node, index }) => `${node}/${index}`)).size).toBe(rows.length)
      known = diffAllocations(known, looked, atMs).runs
    }
    const names = Map.groupBy(known, ({ job }) => job.split(' ')[1] ?? '')
    expect(names.size).toBeGreaterThan(slots.length / 2)
    expect(new Set(known.map(({ holder }) => holder)).size).toBe(known.length)
  })
})
