import type { LossAnswer, LossGroup } from '#schemas/api-ledger.ts'
import type { GroupDimension } from './question.ts'

/** What a line of a table is called and where it leads. */

type Key = Readonly<Record<string, string>>

/** Empty = nobody, or not said. A place carries its cluster, a job does not: its id is what people know. */
export function groupName(key: Key, dimension: GroupDimension, tenants: Key): string {
  const name = key[dimension] ?? ''
  if (dimension === 'tenant') return tenants[name] ?? name
  if (name === '' || (dimension !== 'hall' && dimension !== 'pool')) return name
  return [key['cluster'] ?? '', name].filter((part) => part !== '').join(' / ')
}

/** A job's page, a tenant's jobs, a place's devices; null where there is nothing to show. */
export function groupHref(key: Key, dimension: GroupDimension): string | null {
  const name = key[dimension] ?? ''
  if (name === '') return null
  if (dimension === 'job') return jobHref({ job: name, cluster: key['cluster'] ?? '' })
  if (dimension === 'tenant' || dimension === 'class')
    return `/jobs?${new URLSearchParams({ [dimension]: name })}`
  const fields = Object.entries(key).filter(([, value]) => value !== '')
  return `/devices?${new URLSearchParams(fields)}`
}

export const jobHref = ({ job, cluster }: { readonly job: string; readonly cluster: string }) =>
  `/jobs/${encodeURIComponent(job)}?${new URLSearchParams({ cluster })}`

/** What the lines that are not shown lost together; null when all are, or the whole is not known yet. */
export function othersOf(
  { groups, groups_total: total }: Pick<LossAnswer, 'groups' | 'groups_total'>,
  whole: LossGroup | null,
): { readonly count: number; readonly hours: number; readonly usd: number | null } | null {
  if (whole === null || total <= groups.length) return null
  const sum = (of: (group: LossGroup) => number | null) =>
    groups.reduce((all, group) => all + (of(group) ?? 0), 0)
  const usd = whole.loss_usd.versus_capacity
  return {
    count: total - groups.length,
    hours: Math.max(0, whole.lost_gpu_hours - sum((group) => group.lost_gpu_hours)),
    usd: usd === null ? null : Math.max(0, usd - sum((group) => group.loss_usd.versus_capacity)),
  }
}
