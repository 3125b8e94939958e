import type { Allocation, AllocationScope } from '#schemas/journal.ts'
import { ALLOCATION_SOURCES } from '#schemas/ledger.ts'
import type { HolderNames, Tenancy } from '#schemas/owner-match.ts'
import { OPEN_MS } from '../settle/capacity.ts'
import { changedSpan, type Span, spanOf } from './spans.ts'

const PPM = 1_000_000

/** One row of `allocations`. */
export interface StoredClaim extends Span {
  readonly deviceId: bigint
  readonly source: string
  readonly holder: string
  readonly job: string
  readonly tenant: string
  readonly account: string
  readonly class: string
  readonly billing: string
  readonly confidence: string
  readonly sharePpm: number
  readonly version: number
}

/** One row of `allocation_scopes`. */
export interface StoredScope extends Span {
  readonly source: string
  readonly cluster: string
  readonly node: string
  readonly version: number
}

/** Rows to store, and the time in which they change something. */
export interface Changed<Row> {
  readonly writes: readonly Row[]
  readonly spans: readonly Span[]
}

/** The rows of one allocation, one per device it names. */
export function claimsOf(
  allocation: Allocation,
  devices: readonly bigint[],
  owner: (holder: HolderNames) => Tenancy,
  sequence: number,
): StoredClaim[] {
  const { tenant, account, queue, billing, share } = allocation
  const owned = owner({ tenant, account, namespace: '', queue })
  const { holder, job, source, confidence } = allocation
  return devices.map((deviceId) => ({
    deviceId,
    ...spanOf(allocation.from_ms, allocation.to_ms),
    source,
    holder,
    job,
    tenant: owned.tenant,
    account,
    class: allocation.class,
    billing: billing === 'unknown' ? owned.billing : billing,
    confidence,
    // 0 means "what the others leave": the smallest share that was given stays one.
    sharePpm: share === null ? 0 : Math.max(1, Math.round(share * PPM)),
    version: sequence,
  }))
}

/** Place in the order of sources: of several that speak the lowest counts. */
export const rankOf = (source: string): number =>
  ALLOCATION_SOURCES.findIndex((one) => one === source)

export const scopeOf = (scope: AllocationScope, sequence: number): StoredScope => ({
  source: scope.source,
  cluster: scope.cluster,
  node: scope.node,
  ...spanOf(scope.from_ms, scope.to_ms),
  version: sequence,
})

export const claimKey = ({ deviceId, fromMs, source, holder }: StoredClaim) =>
  `${deviceId}:${fromMs}:${source}:${holder}`
export const scopeKey = ({ source, cluster, node, fromMs }: StoredScope) =>
  JSON.stringify([source, cluster, node, fromMs])

/**
 * Which rows say something that is not stored yet. Of rows with one key the last one counts. A stored row of this very
 * entry is what a crash left of it: what it replaced is not known any more, so all that can have changed is told.
 */
export function changedRows<Row extends Span & { readonly version: number }>(
  stored: readonly Row[],
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Changed<Row> {
  const before = new Map(stored.map((row) => [keyOf(row), row]))
  const writes: Row[] = []
  const spans: Span[] = []
  for (const [key, row] of new Map(rows.map((one) => [keyOf(one), one]))) {
    const known = before.get(key)
    if (known !== undefined && known.version > row.version) continue
    if (known !== undefined && known.version === row.version) {
      spans.push({ fromMs: row.fromMs, toMs: OPEN_MS })
      if (isSame(known, row)) continue
    } else if (known !== undefined && isSame(known, row)) continue
    writes.push(row)
    const saysTheSame = known !== undefined && isSame({ ...known, toMs: row.toMs }, row)
    const span = changedSpan(known ?? null, row, saysTheSame)
    if (span !== null) spans.push(span)
  }
  return { writes, spans }
}

function isSame<Row extends { readonly version: number }>(known: Row, row: Row): boolean {
  const text = (one: Row) =>
    JSON.stringify(
      Object.entries({ ...one, version: 0 }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    )
  return text(known) === text(row)
}
