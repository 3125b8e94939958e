import type { CapacityRow, InventoryAnswer, ModelInventory } from '#schemas/api-inventory.ts'
import type { CsvCell } from '#lib/csv.ts'

export const DAYS = [7, 30, 90] as const
export const COUNTS = [
  'accepted',
  'waiting',
  'retired',
  'pending',
  'never_seen',
  'unlisted',
] as const

/** Days that the address asks for; 30 unless it says one of the choices. */
export const daysIn = (text: string | null): (typeof DAYS)[number] =>
  DAYS.find((days) => String(days) === text) ?? 30

/** The sum of all rows. */
export function totalsOf(
  rows: readonly CapacityRow[],
): Readonly<Record<(typeof COUNTS)[number], number>> {
  const sum = (key: (typeof COUNTS)[number]) => rows.reduce((all, row) => all + row[key], 0)
  return {
    accepted: sum('accepted'),
    waiting: sum('waiting'),
    retired: sum('retired'),
    pending: sum('pending'),
    never_seen: sum('never_seen'),
    unlisted: sum('unlisted'),
  }
}

/** Devices of a row, as the page of devices filters them. */
export function devicesHref({ model, hall, pool }: CapacityRow): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries({ model, hall, pool }))
    if (value !== '') params.set(name, value)
  return `/devices?${params}`
}

/** Models with what of their versions is not alike, and without the rest. */
export const onlyDrift = (models: readonly ModelInventory[]): ModelInventory[] =>
  models
    .map((model) => ({ ...model, versions: model.versions.filter(({ drifted }) => drifted > 0) }))
    .filter(({ versions }) => versions.length > 0)

/** The right end of a model's scale of rates: what all bounds fit in, but no bound of a handful of days blows up. */
export function rateScale({ rate, versions }: ModelInventory): number {
  const rates = versions.flatMap(({ values }) =>
    values.map((value) => value.rate.per_thousand ?? 0),
  )
  const most = Math.max(rate.high ?? 0, ...rates.map((one) => one * 1.5))
  return most > 0 ? most : 1
}

/** Every version as a line of a table. */
export function versionRows({ models }: Pick<InventoryAnswer, 'models'>): CsvCell[][] {
  return models.flatMap(({ vendor, model, versions }) =>
    versions.flatMap(({ name, values }) =>
      values.map(({ value, devices, is_majority, nodes, rate }) => [
        vendor,
        model,
        name,
        value,
        devices,
        is_majority ? 'majority' : 'odd',
        nodes,
        rate.faults,
        rate.device_days,
        rate.per_thousand,
        rate.low,
        rate.high,
      ]),
    ),
  )
}

export const VERSION_HEADER = [
  'vendor',
  'model',
  'name',
  'value',
  'devices',
  'standing',
  'nodes',
  'faults',
  'device_days',
  'faults_per_1000_device_days',
  'low_95',
  'high_95',
] as const
export const CAPACITY_HEADER = ['vendor', 'model', 'hall', 'pool', ...COUNTS] as const

export const capacityRows = (rows: readonly CapacityRow[]): CsvCell[][] =>
  rows.map((row) => [row.vendor, row.model, row.hall, row.pool, ...COUNTS.map((key) => row[key])])
