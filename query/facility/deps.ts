import type { LedgerDeps } from '../ledger/cells.ts'
import { memo } from '../memo.ts'
import { facilityScopes } from '../queries/facility-energy.ts'
import { BUCKET_MS } from './periods.ts'

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
}

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
  return { ...deps, settledScopes }
}

const byScope = (scope: string) => (scope === 'site' ? 0 : 1)
