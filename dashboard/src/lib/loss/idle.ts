import type { IdleGroup, IdleGroupsAnswer } from '#schemas/api-idle.ts'
import type { CsvCell } from '#lib/csv.ts'

/** Lines of idle devices as text, and as they are saved. */

/** An address that can be written to, else null: contacts are free text. */
export const mailOf = (contact: string): string | null =>
  /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(contact) ? `mailto:${contact}` : null

/** What a line is of; empty = nobody said. */
export function lineName(
  { key }: Pick<IdleGroup, 'key'>,
  by: IdleGroupsAnswer['by'],
  tenants: Readonly<Record<string, string>>,
): string {
  const name = key[by] ?? ''
  return by === 'tenant' ? (tenants[name] ?? name) : name
}

export const IDLE_CSV_HEADER = [
  'cluster',
  'hall',
  'rack',
  'node',
  'pool',
  'model',
  'job',
  'tenants',
  'contact',
  'classes',
  'billing',
  'devices',
  'nodes',
  'since',
  'since_at_least',
  'device_hours',
  'usd_so_far',
  'usd_per_hour',
  'unpriced_devices',
  'assumed',
  'reserve',
] as const

export const idleCsvRows = ({ groups }: Pick<IdleGroupsAnswer, 'groups'>): CsvCell[][] =>
  groups.map((group) => [
    group.key['cluster'] ?? '',
    group.key['hall'] ?? '',
    group.key['rack'] ?? '',
    group.key['node'] ?? '',
    group.key['pool'] ?? '',
    group.key['model'] ?? group.models.join(' '),
    group.key['job'] ?? '',
    group.tenants.join(' '),
    group.contact,
    group.classes.join(' '),
    group.billing.join(' '),
    group.devices,
    group.nodes,
    group.since,
    String(group.since_at_least),
    group.so_far.gpu_hours,
    group.so_far.usd,
    group.usd_per_hour,
    group.unpriced_devices,
    String(group.assumed),
    String(group.is_reserve),
  ])
