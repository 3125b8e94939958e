import type { JobDevice } from '#schemas/api-jobs.ts'
import type { OwnerFigures, OwnersAnswer } from '#schemas/api-ledger.ts'
import type { TenantTrends } from './calls.ts'

/** What is worked out of the answers about jobs and tenants. */

/** A rank this far below the median of its job sets its pace. */
export const BEHIND_RATIO = 0.1

export interface NodeStrip {
  readonly node: string
  readonly rack: string
  readonly devices: readonly JobDevice[]
}

/** Devices by node, in the order in which they come. */
export const stripsOf = (devices: readonly JobDevice[]): NodeStrip[] =>
  [...Map.groupBy(devices, ({ node }) => node)].map(([node, members]) => ({
    node,
    rack: members[0]?.rack ?? '',
    devices: members,
  }))

/** Middle of what is known; null when nothing is. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b)
  const [low, high] = [
    known[Math.floor((known.length - 1) / 2)],
    known[Math.floor(known.length / 2)],
  ]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

/** Devices far below the median, the lowest first. Ranks that wait for each other are as fast as these. */
export function behindOf(devices: readonly JobDevice[]): JobDevice[] {
  const median = medianOf(devices.map(({ utilization }) => utilization))
  if (median === null) return []
  return devices
    .filter(({ utilization }) => utilization !== null && utilization <= median - BEHIND_RATIO)
    .toSorted((a, b) => (a.utilization ?? 0) - (b.utilization ?? 0))
}

/** Nodes with a device that is behind first, then in their order. */
export function stripsInOrder(devices: readonly JobDevice[]): NodeStrip[] {
  const behind = new Set(behindOf(devices).map(({ node }) => node))
  return stripsOf(devices).toSorted(
    (a, b) => Number(behind.has(b.node)) - Number(behind.has(a.node)),
  )
}

export interface Trend {
  /** By day, oldest first; null = unknown. */
  readonly values: readonly (number | null)[]
  /** Of the last week, and of the three before it. */
  readonly lately: number | null
  readonly before: number | null
}

/** Four weeks of a tenant; null while they are on their way, and of one that held nothing. */
export function trendOf(trends: TenantTrends | null, tenant: string): Trend | null {
  const of = (group: { readonly key: Readonly<Record<string, string>> }) =>
    group.key['tenant'] === tenant
  const values = trends?.days.groups.find(of)?.values
  if (trends === null || values === undefined) return null
  return {
    values,
    lately: trends.lately.groups.find(of)?.utilization ?? null,
    before: trends.before.groups.find(of)?.utilization ?? null,
  }
}

/** Tenants that held something, owe something or are under contract; the highest loss first, as the API has them. */
export const tenantsShown = ({ owners }: OwnersAnswer): OwnerFigures[] =>
  owners.filter(
    (owner) =>
      owner.capacity_device_seconds > 0 || owner.lost_gpu_hours > 0 || owner.contract !== null,
  )

/** Share of a contract that was held; may be above 1. */
export const contractShare = ({ contract, held_device_seconds: held }: OwnerFigures) =>
  contract === null || contract.sold_device_seconds === 0
    ? null
    : held / contract.sold_device_seconds
