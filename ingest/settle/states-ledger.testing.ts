import { z } from 'zod'
import type { Store } from '../store/store.ts'
import type { JudgedRow } from './states-oracle.testing.ts'

/** What a store says of its ledger: sums of published revisions, and where they break an invariant. */

const DIMENSIONS = {
  ledger_1m_group:
    'cluster, hall, pool, vendor, model, tenant, class, allocation_source, billing, busy_source',
  ledger_1h_node:
    'cluster, hall, rack, pool, node, vendor, model, tenant, class, allocation_source, billing, busy_source',
  ledger_1h:
    'device_id, cluster, hall, rack, pool, node, vendor, model, tenant, job, class, allocation_source, billing, busy_source',
} as const
const TABLES = [
  {
    table: 'ledger_1m_group',
    resolution: '1m',
    bucket: 'bucket',
    dimensions: DIMENSIONS.ledger_1m_group,
  },
  {
    table: 'ledger_1h',
    resolution: '1h',
    bucket: 'toStartOfHour(bucket)',
    dimensions: DIMENSIONS.ledger_1h,
  },
  {
    table: 'ledger_1h_node',
    resolution: '1h_node',
    bucket: 'toStartOfHour(bucket)',
    dimensions: DIMENSIONS.ledger_1h_node,
  },
  {
    table: 'ledger_1d',
    resolution: '1d',
    bucket: 'toStartOfDay(bucket)',
    dimensions: DIMENSIONS.ledger_1h,
  },
  {
    table: 'ledger_1d_node',
    resolution: '1d_node',
    bucket: 'toStartOfDay(bucket)',
    dimensions: DIMENSIONS.ledger_1h_node,
  },
] as const

const SUMS = [
  'capacity_ms',
  'verification_ms',
  'known_ms',
  'busy_ms_x1000',
  'active_known_ms',
  'active_ms_x1000',
  'effective_known_ms',
  'effective_ms_x1000',
  'power_known_ms',
  'power_mw_ms',
  'memory_known_ms',
  'memory_ms_x1000',
  'temperature_known_ms',
  'temperature_mc_ms',
  'failed_ms',
  'drained_ms',
  'unknown_ms',
  'unallocated_ms',
  'idle_held_ms',
  'throttled_ms_x1000',
  'throttled_heat_ms_x1000',
  'throttled_power_ms_x1000',
  'inefficient_ms_x1000',
  'inefficient_lost_ms_x1000',
  'productive_ms_x1000',
  'busy_unallocated_ms_x1000',
  'busy_idle_held_ms_x1000',
  'busy_throttled_ms_x1000',
  'busy_inefficient_ms_x1000',
  'power_unallocated_mw_ms',
  'power_idle_held_mw_ms',
  'allocated_known_ms',
  'allocated_ms',
] as const
/** States, and parts of them, that may not be less than nothing. */
const NEVER_NEGATIVE = [
  ...SUMS.slice(14),
  'toInt64(busy_ms_x1000) - busy_unallocated_ms_x1000 - busy_idle_held_ms_x1000 - busy_throttled_ms_x1000 - busy_inefficient_ms_x1000',
  'throttled_ms_x1000 - throttled_heat_ms_x1000 - throttled_power_ms_x1000',
  'inefficient_ms_x1000 - inefficient_lost_ms_x1000',
  'toInt64(known_ms) * 1000 - toInt64(busy_ms_x1000)',
  'allocated_known_ms - allocated_ms',
]
const STATES_X1000 =
  '(failed_ms + drained_ms + toInt64(verification_ms) + unknown_ms + unallocated_ms + idle_held_ms) * 1000 + throttled_ms_x1000 + inefficient_ms_x1000 + productive_ms_x1000'

const published = (table: string, resolution: string) =>
  `(SELECT * FROM ${table} WHERE (bucket, revision) IN
     (SELECT bucket, max(revision) FROM revisions WHERE resolution = '${resolution}' GROUP BY bucket))`
const sums = SUMS.map((name) => `sum(${name}) AS ${name}`).join(', ')

const Count = z.tuple([z.object({ n: z.coerce.number() })])

/** Names of the rules that some bucket and key of some table breaks, with how often. */
export async function brokenRules(store: Store): Promise<string[]> {
  const broken: string[] = []
  const count = async (rule: string, query: string) => {
    const [{ n }] = Count.parse(await store.query(query))
    if (n > 0) broken.push(`${rule}: ${n}`)
  }
  const everywhere = [
    { table: 'ledger_1m', resolution: '1m', dimensions: `bucket, ${DIMENSIONS.ledger_1h}` },
    ...TABLES,
  ]
  for (const { table, resolution, dimensions } of everywhere) {
    const keys = dimensions.startsWith('bucket') ? dimensions : `bucket, ${dimensions}`
    const rules = [
      `${STATES_X1000} = toInt64(capacity_ms) * 1000`,
      'known_ms + unknown_ms + verification_ms = capacity_ms',
      'known_ms * 1000 >= busy_ms_x1000',
      ...NEVER_NEGATIVE.map((sum) => `${sum} >= 0`),
    ]
    const [found] = z.tuple([z.record(z.string(), z.coerce.number())]).parse(
      await store.query(
        `SELECT ${rules.map((rule, at) => `countIf(NOT (${rule})) AS r${at}`).join(', ')}
           FROM (SELECT ${keys}, ${sums} FROM ${published(table, resolution)} GROUP BY ${keys})`,
      ),
    )
    rules.forEach((rule, at) => {
      if ((found[`r${at}`] ?? 0) > 0) broken.push(`${table}: ${rule}: ${found[`r${at}`]}`)
    })
  }
  for (const { table, resolution, bucket, dimensions } of TABLES) {
    const columns = `${dimensions}, ${sums}, max(temperature_max) AS hottest, min(margin_min) AS nearest`
    const own = `SELECT bucket AS at, ${columns}${table.endsWith('1h') || table.endsWith('1d') ? '' : ', sum(devices) AS devices'}
      FROM ${published(table, resolution)} GROUP BY at, ${dimensions}`
    const minutes = `SELECT ${bucket} AS at, ${columns}${table.endsWith('1h') || table.endsWith('1d') ? '' : ', uniqExact(device_id) AS devices'}
      FROM ${published('ledger_1m', '1m')}
      WHERE ${bucket} IN (SELECT bucket FROM revisions WHERE resolution = '${resolution}') GROUP BY at, ${dimensions}`
    await count(
      `${table} has what minutes lack`,
      `SELECT count() AS n FROM (${own} EXCEPT ${minutes})`,
    )
    await count(
      `${table} lacks what minutes have`,
      `SELECT count() AS n FROM (${minutes} EXCEPT ${own})`,
    )
  }
  return broken
}

const JudgedNumber = z.coerce.number()
const Row = z.object({
  key: z.string(),
  capacity: JudgedNumber,
  verification: JudgedNumber,
  known: JudgedNumber,
  busy: JudgedNumber,
  failed: JudgedNumber,
  drained: JudgedNumber,
  unknown: JudgedNumber,
  unallocated: JudgedNumber,
  idle: JudgedNumber,
  throttled: JudgedNumber,
  throttledHeat: JudgedNumber,
  throttledPower: JudgedNumber,
  inefficient: JudgedNumber,
  productive: JudgedNumber,
  busyUnallocated: JudgedNumber,
  busyIdle: JudgedNumber,
  busyThrottled: JudgedNumber,
  busyInefficient: JudgedNumber,
})

/** Published minutes by `minute|device|tenant|job|class|source`, as the oracle has them. */
export async function settledRows(
  store: Store,
  fromMs: number,
): Promise<Map<string, Omit<JudgedRow, 'rounding'>>> {
  const rows = z.array(Row).parse(
    await store.query(
      `SELECT
         concat(toString(intDiv(toUnixTimestamp(bucket) - {from_s:Int64}, 60)), '|', toString(device_id), '|', tenant, '|', job, '|', class, '|', allocation_source) AS key,
         sum(capacity_ms) AS capacity, sum(verification_ms) AS verification, sum(known_ms) AS known, sum(busy_ms_x1000) AS busy,
         sum(failed_ms) AS failed, sum(drained_ms) AS drained, sum(unknown_ms) AS unknown, sum(unallocated_ms) AS unallocated,
         sum(idle_held_ms) AS idle, sum(throttled_ms_x1000) AS throttled, sum(throttled_heat_ms_x1000) AS throttledHeat,
         sum(throttled_power_ms_x1000) AS throttledPower, sum(inefficient_ms_x1000) AS inefficient, sum(productive_ms_x1000) AS productive,
         sum(busy_unallocated_ms_x1000) AS busyUnallocated, sum(busy_idle_held_ms_x1000) AS busyIdle,
         sum(busy_throttled_ms_x1000) AS busyThrottled, sum(busy_inefficient_ms_x1000) AS busyInefficient
       FROM ${published('ledger_1m', '1m')} GROUP BY key`,
      { from_s: fromMs / 1000 },
      { maxResultRows: 1_000_000 },
    ),
  )
  return new Map(rows.map(({ key, ...row }) => [key, row]))
}

const isEmpty = (row: Readonly<Record<string, number>>) =>
  Object.values(row).every((value) => value === 0)

/** The first figures that differ, as text for a person: empty when all agree. */
export function differences(
  settled: ReadonlyMap<string, Omit<JudgedRow, 'rounding'>>,
  judged: ReadonlyMap<string, JudgedRow>,
  examples = 12,
): string[] {
  const found: string[] = []
  const names = Object.keys(Row.shape).filter((name) => name !== 'key')
  const zero = Object.fromEntries([...names, 'rounding'].map((name) => [name, 0]))
  for (const key of [...new Set([...settled.keys(), ...judged.keys()])].sort()) {
    const { rounding, ...expected } = judged.get(key) ?? zero
    const own: Readonly<Record<string, number>> = settled.get(key) ?? zero
    if (isEmpty(own) && isEmpty(expected)) continue
    for (const [name, value] of Object.entries(expected)) {
      const off = Math.abs((own[name] ?? 0) - value)
      // Milliseconds are rounded at whole ones, the finer sums at those milliseconds too.
      const allowed = isFine(name) ? (rounding ?? 0) * 2 : (rounding ?? 0) / 500
      if (off > allowed) found.push(`${key} ${name}: settled ${own[name] ?? 0}, judged ${value}`)
      if (found.length >= examples) return found
    }
  }
  return found
}
const isFine = (name: string) => /^(busy|throttled|inefficient|productive)/.test(name)
