import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FleetGroup } from '#schemas/api.ts'
import type { Reader } from '#schemas/ports.ts'
import { fleetDeps, fleetSeries, fleetSummary } from '../../query/fleet.ts'
import { createLedger } from '../settle/ledger.ts'
import { createLocalDays } from '../settle/local-day.ts'
import type { Store } from '../store/store.ts'
import { historyFile } from './file.ts'
import { importCounts } from './import-counts.ts'
import { type ImportReport, runImport } from './import-job.ts'
import { CountsMap } from './map.ts'

/**
 * Helios, the fleet of 856 GPUs in May 2020 (shared/traces/EXPECTED.md section 1): reads the real files through the
 * importer and asks the query service what comes out. Used by the test and by the benchmark of the whole month.
 */

const traces = join(import.meta.dirname, '../../../shared/traces')
export const HELIOS = join(traces, 'helios-earth-may2020')
export const isHeliosHere = existsSync(HELIOS)
export const ZONE = 'Asia/Shanghai'
const SUFFIX = '_cluster_sequence_vc.csv.gz'

export const HELIOS_MAP = CountsMap.parse({
  time: { column: 'time', format: 'YYYY-MM-DD hh:mm:ss', zone: ZONE },
  group: { file: `{group}${SUFFIX}` },
  group_as: 'pool',
  total: 'total_gpu_num',
  running: 'running_gpu_num',
  dimensions: { cluster: 'earth', vendor: 'nvidia' },
})

/** Paths of the files of all virtual clusters, or of some. */
export const heliosFiles = (wanted?: readonly string[]): string[] =>
  readdirSync(HELIOS)
    .filter((name) => name.endsWith(SUFFIX))
    .filter((name) => wanted === undefined || wanted.includes(name.slice(0, -SUFFIX.length)))
    .map((name) => join(HELIOS, name))

export async function importHelios(store: Store, paths: readonly string[]): Promise<ImportReport> {
  const deps = {
    store,
    ledger: await createLedger(store, Date.now, { dayOf: createLocalDays('UTC') }),
    clock: Date.now,
    timeZone: ZONE,
    onProgress: () => undefined,
  }
  const files = await Promise.all(paths.map(historyFile))
  return runImport(deps, files, (file, onShare) =>
    importCounts(deps, file, { map: HELIOS_MAP, dataset: 'helios', onShare }),
  )
}

/** GPU-hours as the expected files print them. */
interface Hours {
  readonly capacity: string
  readonly used: string
  readonly idle: string
  readonly share: string
}

const hoursOf = ({ capacity_device_seconds, busy_device_seconds }: FleetGroup): Hours => ({
  capacity: (capacity_device_seconds / 3600).toFixed(1),
  used: (busy_device_seconds / 3600).toFixed(4),
  idle: ((capacity_device_seconds - busy_device_seconds) / 3600).toFixed(4),
  share: (busy_device_seconds / capacity_device_seconds).toFixed(6),
})

/** Midnight of a day of May in the site's zone; 32 is the end of the month. */
export const may = (day: number) => Date.UTC(2020, 4, day) - 8 * 3_600_000

export function heliosAnswers(reader: Reader) {
  const deps = fleetDeps({ reader, clock: Date.now, timeZone: ZONE, simulated: false })
  const text = (ms: number) => new Date(ms).toISOString()
  const summary = async (fromMs: number, toMs: number, groupBy?: string) => {
    const asked = { from: text(fromMs), to: text(toMs), groupBy, filters: [] }
    const { groups } = await fleetSummary(deps, asked)
    return new Map(groups.map((group) => [group.key['pool'] ?? '', hoursOf(group)]))
  }
  return {
    byPool: (fromMs: number, toMs: number) => summary(fromMs, toMs, 'pool'),
    fleet: async (fromMs: number, toMs: number) => (await summary(fromMs, toMs)).get(''),
    /** Share of every minute of a day by pool, from the group minutes. */
    async minutesOf(day: number): Promise<Map<string, (number | null)[]>> {
      const asked = { from: text(may(day)), to: text(may(day + 1)), groupBy: 'pool', filters: [] }
      const answer = await fleetSeries(deps, { ...asked, metric: 'utilization', points: 1440 })
      return new Map(answer.groups.map(({ key, values }) => [key['pool'] ?? '', [...values]]))
    },
  }
}

export type HeliosAnswers = ReturnType<typeof heliosAnswers>

/** Rows of an expected file, by the names of its columns. */
export function expectedRows(name: string): Readonly<Record<string, string>>[] {
  const lines = readFileSync(join(traces, 'expected', name), 'utf8')
    .trim()
    .split(/\r?\n/)
  const names = lines[0]?.split(',') ?? []
  return lines.slice(1).map((line) => {
    const fields = line.split(',')
    return Object.fromEntries(names.map((column, at) => [column, fields[at] ?? '']))
  })
}

/** First day and the day after the last of an ISO week, cut at the month. */
export const WEEKS: Readonly<Record<string, readonly [number, number]>> = {
  '18': [1, 4],
  '19': [4, 11],
  '20': [11, 18],
  '21': [18, 25],
  '22': [25, 32],
}

const sameNumber = (text: string | undefined, expected: string | undefined, digits: number) =>
  Number(text).toFixed(digits) === Number(expected).toFixed(digits)

/** Whether used, idle and share are the expected ones to the last printed digit. */
export function agrees(
  found: Hours | undefined,
  expected: { readonly used?: string; readonly idle?: string; readonly share?: string },
): boolean {
  return (
    found !== undefined &&
    sameNumber(found.used, expected.used, 4) &&
    sameNumber(found.idle, expected.idle, 4) &&
    sameNumber(found.share, expected.share, 6)
  )
}

export interface Compared {
  readonly lines: number
  readonly differences: readonly string[]
}

/** Compares every line of the expected files that the days and pools of a data set cover. */
export async function compareHelios(
  answers: HeliosAnswers,
  covered: {
    readonly pools: ReadonlySet<string>
    readonly days: number
    readonly isFleet: boolean
  },
): Promise<Compared> {
  const differences: string[] = []
  let lines = 0
  const check = (name: string, found: Hours | undefined, row: Readonly<Record<string, string>>) => {
    lines += 1
    const expected = {
      used: row['used_gpu_hours'] ?? '',
      idle: row['idle_gpu_hours'] ?? '',
      share: row['allocated_share'] ?? row['allocation_util'] ?? '',
    }
    if (!agrees(found, expected))
      differences.push(`${name}: ${JSON.stringify(found)} and not ${JSON.stringify(expected)}`)
  }
  const vcDays = Map.groupBy(expectedRows('helios_vc_daily.csv'), (row) => row['date'] ?? '')
  const fleetDays = new Map(expectedRows('helios_fleet_daily.csv').map((row) => [row['date'], row]))
  for (let day = 1; day <= covered.days; day += 1) {
    const date = `2020-05-${String(day).padStart(2, '0')}`
    const pools = await answers.byPool(may(day), may(day + 1))
    for (const row of vcDays.get(date) ?? [])
      if (covered.pools.has(row['vc'] ?? ''))
        check(`${row['vc']} ${date}`, pools.get(row['vc'] ?? ''), row)
    const fleet = fleetDays.get(date)
    if (covered.isFleet && fleet !== undefined)
      check(`fleet ${date}`, await answers.fleet(may(day), may(day + 1)), fleet)
  }
  const vcWeeks = Map.groupBy(expectedRows('helios_vc_week.csv'), (row) => row['iso_week'] ?? '')
  for (const [week, [first, end]] of Object.entries(WEEKS)) {
    if (end - 1 > covered.days) continue
    const pools = await answers.byPool(may(first), may(end))
    for (const row of vcWeeks.get(week) ?? [])
      if (covered.pools.has(row['vc'] ?? ''))
        check(`${row['vc']} W${week}`, pools.get(row['vc'] ?? ''), row)
  }
  if (covered.days < 31) return { lines, differences }
  const pools = await answers.byPool(may(1), may(32))
  for (const row of expectedRows('helios_vc_month.csv'))
    if (covered.pools.has(row['vc'] ?? ''))
      check(`${row['vc']} May`, pools.get(row['vc'] ?? ''), row)
  return { lines, differences }
}

/** Quartiles of the minutes without 10 May, in percent, by linear interpolation. */
export async function heliosQuartiles(answers: HeliosAnswers): Promise<Map<string, number[]>> {
  const minutes = new Map<string, number[]>()
  for (let day = 1; day <= 31; day += 1) {
    if (day === 10) continue
    for (const [pool, values] of await answers.minutesOf(day)) {
      const known = minutes.get(pool) ?? []
      for (const value of values) known.push((value ?? Number.NaN) * 100)
      minutes.set(pool, known)
    }
  }
  return new Map(
    [...minutes].map(([pool, values]) => {
      const sorted = values.toSorted((a, b) => a - b)
      return [pool, [0.25, 0.5, 0.75].map((share) => quantile(sorted, share))]
    }),
  )
}

/** Linear interpolation between the two values round a place. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}
