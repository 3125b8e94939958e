import { createHash, randomUUID } from 'node:crypto'
import type { JournalEntry } from '#schemas/journal.ts'
import type { Clock } from '#schemas/role.ts'
import type { Store } from '../store/store.ts'
import { aliasRow, deviceRow, iso, type JsonRow } from '../worker/rows.ts'
import type { Outcome } from './apply.ts'
import { rankOf, type StoredClaim } from './claims.ts'
import { mergeSpans } from './spans.ts'
import { chunks } from './stored.ts'

/** Rows of one insert. */
const ROWS_AT_ONCE = 10_000

export interface WriteDeps {
  readonly store: Pick<Store, 'insertJson'>
  readonly clock: Clock
}

/**
 * Writes what an entry changes: the rows, then what they reach, then which rows wait. All of it may be repeated after a
 * crash, also with other rows because more devices are known by then: tokens name the rows, and of two rows with one
 * key the higher version counts.
 */
export async function writeOutcome(
  sequence: number,
  outcome: Outcome,
  { store, clock }: WriteDeps,
): Promise<void> {
  const insert = async (table: string, rows: readonly JsonRow[], isStamped = true) => {
    for (const part of chunks(rows, ROWS_AT_ONCE)) {
      const stamped = isStamped ? part.map((row) => ({ ...row, inserted_at: iso(clock()) })) : part
      await store.insertJson(table, stamped, `journal:${sequence}:${table}:${digestOf(part)}`)
    }
  }
  await insert('device_aliases', outcome.aliases.map(aliasRow))
  await insert('devices', outcome.devices.map(deviceRow))
  await insert(
    'intervals',
    outcome.intervals.map(({ kind, reason, detail, ...row }) => ({
      ...spanColumns(row),
      kind,
      reason,
      detail,
    })),
  )
  await insert(
    'places',
    outcome.places.map(({ deviceId, fromMs, ...rest }) => ({
      ...rest,
      device_id: deviceId,
      from_at: iso(fromMs),
    })),
  )
  await insert('allocations', outcome.claims.map(claimColumns))
  await insert(
    'allocation_scopes',
    outcome.scopes.map(({ fromMs, toMs, ...rest }) => ({
      ...rest,
      from_at: iso(fromMs),
      to_at: iso(toMs),
    })),
  )
  await insert(
    'efficiency_references',
    outcome.references.map(({ fromMs, effectivePpm, ...rest }) => ({
      ...rest,
      from_at: iso(fromMs),
      effective_ppm: effectivePpm,
    })),
    false,
  )
  await insert(
    'facility_rows',
    outcome.facility.map(({ fromMs, ...rest }) => ({ ...rest, from_at: iso(fromMs) })),
  )
  await writeChanges(sequence, outcome, { store, clock })
}

/** Once too often costs settling a few minutes again; once too few would leave old figures. */
async function writeChanges(
  sequence: number,
  { changes }: Outcome,
  { store, clock }: WriteDeps,
): Promise<void> {
  const rows = changes.flatMap(([reason, spans]) =>
    mergeSpans(spans).map(({ fromMs, toMs }) => ({
      inserted_at: iso(clock()),
      from_at: iso(fromMs),
      to_at: iso(toMs),
      reason,
    })),
  )
  await store.insertJson(
    'interval_changes',
    rows,
    `journal:${sequence}:interval_changes:${randomUUID()}`,
  )
}

/** Notes what still waits of an entry; with null, that nothing does. */
export async function writeWaiting(
  entry: JournalEntry,
  waiting: Outcome['waiting'],
  { store }: Pick<WriteDeps, 'store'>,
): Promise<void> {
  const body = waiting === null ? '' : JSON.stringify(waiting)
  const row = { sequence: entry.sequence, at: iso(entry.at_ms), kind: 'waiting', who: entry.who }
  const token = `journal:${entry.sequence}:waiting:${digestOf([{ body }])}`
  await store.insertJson('journal_entries', [{ ...row, body }], token)
}

/** The last row of an entry: it is mirrored. */
export async function writeApplied(
  { sequence, at_ms, who, body }: JournalEntry,
  { store }: Pick<WriteDeps, 'store'>,
): Promise<void> {
  const row = { sequence, at: iso(at_ms), kind: body.kind, who, body: JSON.stringify(body) }
  await store.insertJson('journal_entries', [row], `journal:${sequence}:journal_entries`)
}

const spanColumns = (row: {
  readonly deviceId: bigint
  readonly fromMs: number
  readonly toMs: number
  readonly version: number
}): JsonRow => ({
  device_id: row.deviceId,
  from_at: iso(row.fromMs),
  to_at: iso(row.toMs),
  version: row.version,
})

const claimColumns = (row: StoredClaim): JsonRow => ({
  ...spanColumns(row),
  source: row.source,
  source_rank: rankOf(row.source),
  holder: row.holder,
  job: row.job,
  tenant: row.tenant,
  account: row.account,
  class: row.class,
  billing: row.billing,
  confidence: row.confidence,
  share_ppm: row.sharePpm,
})

function digestOf(rows: readonly JsonRow[]): string {
  const hash = createHash('sha256')
  for (const row of rows)
    hash.update(
      JSON.stringify(row, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    )
  return hash.digest('base64url').slice(0, 22)
}
