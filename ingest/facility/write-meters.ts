import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { Store } from '../store/store.ts'
import { iso, type JsonRow } from '../worker/rows.ts'
import { BUCKET_MS, type MeterBucket } from './meter-energy.ts'
import type { MeterWork } from './meter-plan.ts'
import { bucketKey, METER_RESOLUTION, SEEN_RESOLUTION } from './meter-store.ts'
import type { ScopeBucket } from './scope-energy.ts'

const PUBLISH = readFileSync(new URL('../settle/publish.sql', import.meta.url), 'utf8')

/** What settling some buckets gave, and what stands for them, by `bucketKey`. */
export interface MeterOutcome {
  readonly meters: ReadonlyMap<string, readonly [meter: string, bucket: MeterBucket]>
  readonly scopes: ReadonlyMap<string, readonly [fromMs: number, bucket: ScopeBucket]>
  readonly storedMeters: ReadonlyMap<string, MeterBucket>
  readonly storedScopes: ReadonlyMap<string, ScopeBucket>
}

export interface MeterWrite {
  readonly work: MeterWork
  readonly revision: number
  readonly asOfMs: number
}

/**
 * Writes what changed of some buckets under a revision that was never used, and at last that they are settled. A
 * restatement whose revision is not among the published ones belongs to an attempt that was cut short. Each insert is one block under its own token; a crash in between leaves the buckets to be
 * settled again, under a higher revision.
 */
export async function writeMeters(
  store: Pick<Store, 'insertJson' | 'command'>,
  outcome: MeterOutcome,
  { work, revision, asOfMs }: MeterWrite,
): Promise<{ readonly restated: number }> {
  const { fromMs, toMs, reason } = work
  const token = (name: string) => `settle:meters:${name}:${fromMs}-${toMs}:${revision}`
  const stamp = { revision, as_of: iso(asOfMs) }
  const meters = meterChanges(outcome).map((row) => ({ ...row, ...stamp }))
  const changed = scopeChanges(outcome)
  await store.insertJson('meter_energy_15m', meters, token('energy'))
  // Before the rows themselves: once those are there, nobody knows any more what they changed.
  const restated = reason === null ? [] : changed
  await store.insertJson(
    'facility_restatements',
    restated.map((change) => restatement(change, { reason: reason ?? '', revision, asOfMs })),
    token('restatements'),
  )
  await store.insertJson(
    'facility_15m',
    changed.map(({ fromMs: bucketMs, now }) => ({ ...scopeRow(bucketMs, now), ...stamp })),
    token('scopes'),
  )
  const published = {
    from_ms: fromMs,
    to_ms: toMs,
    revision,
    as_of_ms: asOfMs,
    step_ms: BUCKET_MS,
    reason: reason ?? '',
    resolution: METER_RESOLUTION,
    ledger: 'facility_15m',
  }
  await store.command(PUBLISH, published, { token: token('publish') })
  return { restated: restated.length }
}

/** Notes that whatever was stored before `seenMs` is settled: a new process looks from there on. */
export async function writeSeen(store: Pick<Store, 'insertJson'>, seenMs: number): Promise<void> {
  const row = {
    resolution: SEEN_RESOLUTION,
    bucket: iso(0),
    revision: Math.floor(seenMs / 1000),
    as_of: iso(seenMs),
    row_count: 0,
    reason: '',
  }
  await store.insertJson('revisions', [row], `settle:meters:seen:${seenMs}`)
}

function meterChanges({ meters, storedMeters }: MeterOutcome): JsonRow[] {
  const rows = [...meters]
    .filter(([key, [, now]]) => !isDeepStrictEqual(storedMeters.get(key), now))
    .map(([, [meter, now]]) => meterRow(meter, now))
  // What is not heard of any more (a row was deleted, a reading is refused now) is told too.
  const gone = [...storedMeters]
    .filter(([key, old]) => !meters.has(key) && (old.knownMs > 0 || old.flags !== 0))
    .map(([key, old]) =>
      meterRow(key.slice(bucketKey(old.fromMs, '').length), {
        fromMs: old.fromMs,
        energyMj: 0,
        knownMs: 0,
        estimatedMs: 0,
        flags: 0,
      }),
    )
  return [...rows, ...gone]
}

interface ScopeChange {
  readonly fromMs: number
  readonly now: ScopeBucket
  /** Null = there was none. */
  readonly old: ScopeBucket | null
}

function scopeChanges({ scopes, storedScopes }: MeterOutcome): ScopeChange[] {
  const now = [...scopes].flatMap(([key, [fromMs, bucket]]): ScopeChange[] => {
    const old = storedScopes.get(key) ?? null
    return isDeepStrictEqual(old, bucket) ? [] : [{ fromMs, now: bucket, old }]
  })
  const gone = [...storedScopes].flatMap(([key, old]): ScopeChange[] => {
    if (scopes.has(key) || (old.totalExpectedMs === 0 && old.itExpectedMs === 0)) return []
    return [{ fromMs: Number(key.slice(0, key.indexOf(' '))), now: emptied(old), old }]
  })
  return [...now, ...gone]
}

/** A scope that the tree no longer has at that time. */
const emptied = ({ scope }: ScopeBucket): ScopeBucket => ({ ...EMPTY, scope })

const EMPTY: ScopeBucket = {
  scope: '',
  category: 0,
  totalMj: 0,
  totalKnownMs: 0,
  totalExpectedMs: 0,
  itMj: 0,
  itKnownMs: 0,
  itExpectedMs: 0,
  coolingMj: 0,
  distributionMj: 0,
  otherMj: 0,
  estimatedMs: 0,
  flags: 0,
  faulty: [],
}

const meterRow = (meter: string, bucket: MeterBucket): JsonRow => ({
  bucket: iso(bucket.fromMs),
  meter,
  energy_mj: bucket.energyMj,
  known_ms: bucket.knownMs,
  estimated_ms: bucket.estimatedMs,
  flags: bucket.flags,
})

const scopeRow = (fromMs: number, row: ScopeBucket): JsonRow => ({
  bucket: iso(fromMs),
  scope: row.scope,
  category: row.category,
  total_mj: row.totalMj,
  total_known_ms: row.totalKnownMs,
  total_expected_ms: row.totalExpectedMs,
  it_mj: row.itMj,
  it_known_ms: row.itKnownMs,
  it_expected_ms: row.itExpectedMs,
  cooling_mj: row.coolingMj,
  distribution_mj: row.distributionMj,
  other_mj: row.otherMj,
  estimated_ms: row.estimatedMs,
  flags: row.flags,
  faulty: row.faulty,
})

const restatement = (
  { fromMs, now, old }: ScopeChange,
  told: { readonly reason: string; readonly revision: number; readonly asOfMs: number },
): JsonRow => ({
  at: iso(told.asOfMs),
  bucket: iso(fromMs),
  scope: now.scope,
  revision: told.revision,
  reason: told.reason,
  old_total_mj: old?.totalMj ?? 0,
  new_total_mj: now.totalMj,
  old_it_mj: old?.itMj ?? 0,
  new_it_mj: now.itMj,
  old_total_known_ms: old?.totalKnownMs ?? 0,
  new_total_known_ms: now.totalKnownMs,
  old_it_known_ms: old?.itKnownMs ?? 0,
  new_it_known_ms: now.itKnownMs,
})
