import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { evaluateZone, NO_ZONE_STATE, type ZoneOutcome } from './evaluate.ts'
import { SLICE_MS } from './slices.ts'

/** A public trace of a fleet, read in place and never copied; figures of its EXPECTED.md, section 1.3. */
const folder = join(import.meta.dirname, '../../../shared/traces/helios-earth-may2020')
const isHere = existsSync(folder)

/** Stamps are local and stay so here: only their order and alignment to the hour count. */
const ms = (stamp: string) => Date.parse(`${stamp.replace(' ', 'T')}Z`)

function fleetSlices(): ZoneSlice[] {
  const sums = new Map<number, { total: bigint; running: bigint }>()
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.csv.gz'))) {
    const [head = '', ...lines] = gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .split('\n')
    const columns = head.split(',')
    const [total, running] = ['total_gpu_num', 'running_gpu_num'].map((one) => columns.indexOf(one))
    for (const line of lines.filter((text) => text !== '')) {
      const cells = line.split(',')
      const fromMs = Math.floor(ms(cells[0] ?? '') / SLICE_MS) * SLICE_MS
      const sum = sums.get(fromMs) ?? { total: 0n, running: 0n }
      sum.total += BigInt(cells[total ?? 0] ?? 0)
      sum.running += BigInt(cells[running ?? 0] ?? 0)
      sums.set(fromMs, sum)
    }
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([fromMs, { total, running }]) => ({
      fromMs,
      baseMs: total * 60_000n,
      knownMs: total * 60_000n,
      busyX1000: running * 60_000_000n,
      sourceChangedMs: 0n,
    }))
}

const WEEKS = [
  ['W18', '2020-05-01', '2020-05-04', 4, 4, 323, '05-01 05:34 05-02 07:09 05-02 21:09 05-03 06:19'],
  ['W19', '2020-05-04', '2020-05-11', 3, 2, 1142, '05-04 03:39 05-07 02:59 05-10 00:09'],
  ['W21', '2020-05-18', '2020-05-25', 0, 0, 0, ''],
  ['W22', '2020-05-25', '2020-06-01', 2, 1, 388, '05-30 11:39 05-31 04:04'],
] as const

if (!isHere)
  console.warn(`NOT TESTED: no trace at ${folder}; the replay of zone alerts did not run`)

describe.runIf(isHere)('replay of four weeks of a real fleet', () => {
  const slices = isHere ? fleetSlices() : []
  for (const [week, from, to, fires, clears, firing, times] of WEEKS) {
    it(`${week} fires ${fires} times, to the minute`, () => {
      const [fromMs, toMs] = [ms(`${from} 00:00:00`), ms(`${to} 00:00:00`)]
      const own = slices.filter((slice) => slice.fromMs >= fromMs && slice.fromMs < toMs)
      const outcomes = evaluateZone(DEFAULT_ZONE_SET, own, NO_ZONE_STATE, ['bound'])
      const { fired, cleared, firing: slicesFiring } = dangerOf(outcomes)
      expect(fired.join(' ')).toBe(times)
      expect([fired.length, cleared]).toEqual([fires, clears])
      expect(slicesFiring).toBe(firing)
    })
    it(`${week}: the hour beside the bound fires as often, and no later`, () => {
      const [fromMs, toMs] = [ms(`${from} 00:00:00`), ms(`${to} 00:00:00`)]
      const own = slices.filter((slice) => slice.fromMs >= fromMs && slice.fromMs < toMs)
      const { fired } = dangerOf(evaluateZone(DEFAULT_ZONE_SET, own))
      const bound = times === '' ? [] : times.split(/ (?=\d\d-)/)
      const lead = bound.map((stamp, at) => (stampMs(stamp) - stampMs(fired[at] ?? '')) / 60_000)
      expect(fired).toHaveLength(bound.length)
      expect(lead.every((minutes) => minutes >= 0 && minutes <= 10)).toBe(true)
    })
  }
})

const stampMs = (stamp: string) => ms(`2020-${stamp}:00`)

/** When danger opened (the last minute of that slice), how often it closed, and how many slices it was open. */
function dangerOf(outcomes: readonly ZoneOutcome[]) {
  const isDanger = outcomes.map(({ zone }) => zone === 'danger')
  const fired = outcomes.filter((_, at) => isDanger[at] === true && isDanger[at - 1] !== true)
  const stamps = fired.map(({ atMs }) => new Date(atMs - 60_000).toISOString().slice(5, 16))
  return {
    fired: stamps.map((stamp) => stamp.replace('T', ' ')),
    cleared: isDanger.filter((now, at) => !now && isDanger[at - 1] === true).length,
    firing: isDanger.filter(Boolean).length,
  }
}
