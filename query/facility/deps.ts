import type { LedgerDeps } from '../ledger/cells.ts'
import { memo } from '../memo.ts'
import { metersLatest } from '../queries/facility-tree.ts'
import { facilityScopes } from '../queries/facility-energy.ts'
import { HOUR_MS, MINUTE_MS } from '../window.ts'
import { BUCKET_MS } from './periods.ts'
import type { Heard } from './tree-figures.ts'

/** How far the energy of scopes is settled. */
export interface SettledScopes {
  /** `site` first, then halls by name. */
  readonly scopes: readonly string[]
  /** End of the site's newest settled bucket; null = there is none. */
  readonly settledUntilMs: number | null
}

/** What answers about the site's meters are made from. */
export interface FacilityDeps extends LedgerDeps {
  readonly settledScopes: () => Promise<SettledScopes>
  /** Newest values of all points now, for all who ask within two seconds. */
  readonly heardNow: () => Promise<HeardAt>
}

/** What every point said last until a moment, by its id. */
export interface HeardAt {
  readonly atMs: number
  readonly heard: ReadonlyMap<string, Heard>
}

/** A meter that is read once an hour has a value in it. */
const LATEST_MS = HOUR_MS + 5 * MINUTE_MS
const HEARD_TTL_MS = 2_000

const SCOPES_TTL_MS = 5_000

export function facilityDeps(deps: LedgerDeps): FacilityDeps {
  const settledScopes = memo(deps.clock, SCOPES_TTL_MS, async () => {
    const rows = await facilityScopes.run(deps.reader, {})
    const site = rows.find(({ scope }) => scope === 'site')
    return {
      scopes: rows.map(({ scope }) => scope).sort((a, b) => byScope(a) - byScope(b)),
      settledUntilMs: site === undefined ? null : site.last_s * 1000 + BUCKET_MS,
    }
  })
  const heardNow = memo(deps.clock, HEARD_TTL_MS, () => readHeard(deps, deps.clock()))
  return { ...deps, settledScopes, heardNow }
}

export async function readHeard(
  { reader }: Pick<LedgerDeps, 'reader'>,
  atMs: number,
): Promise<HeardAt> {
  const rows = await metersLatest.run(reader, { from_ms: atMs - LATEST_MS, to_ms: atMs })
  const heard = rows.map(({ meter_name, last_ms, step_ms, metrics, metric_values }) => {
    const values = metrics.map((metric, at) => [metric, metric_values[at] ?? 0] as const)
    const said = { lastMs: last_ms, stepMs: step_ms, values: Object.fromEntries(values) }
    return [meter_name, said] as const
  })
  return { atMs, heard: new Map(heard) }
}

const byScope = (scope: string) => (scope === 'site' ? 0 : 1)
