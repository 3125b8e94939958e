import type { DeviceHolder, DeviceLedger } from '#schemas/api.ts'
import type { Owner } from '#schemas/journal.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import {
  deviceFaults,
  deviceStanding,
  type FaultRow,
  type StandingRow,
} from './queries/device-standing.ts'
import { tenantNames } from './tenant-names.ts'
import { isoOrNull } from './window.ts'

/**
 * What the ledger goes by for these devices now, by id; those it does not count are not in it. `ids` are of one page.
 * Rejects with the reader's errors.
 */
export async function readStanding(
  deps: {
    readonly reader: Reader
    readonly clock: Clock
    readonly documents?: () => Promise<{ readonly owners: readonly Owner[] }>
  },
  ids: readonly string[],
): Promise<Map<string, DeviceLedger>> {
  const asked = { ids: [...ids], now_ms: deps.clock() }
  const [rows, nameOf] = await Promise.all([
    deviceStanding.run(deps.reader, asked),
    tenantNames(deps.documents),
  ])
  const found = rows.filter((row) => row.ledger_state === 'failed' && row.since_ms === null)
  const faults =
    found.length === 0
      ? []
      : await deviceFaults.run(deps.reader, { ...asked, ids: found.map(({ id }) => id) })
  const faultOf = new Map(faults.map((row) => [row.id, row]))
  return new Map(
    [...Map.groupBy(rows, ({ id }) => id)].flatMap(([id, parts]) => {
      const [first] = parts
      if (first === undefined) return []
      return [[id, ledgerOf(first, { parts, nameOf, fault: faultOf.get(id) })] as const]
    }),
  )
}

function ledgerOf(
  row: StandingRow,
  known: {
    readonly parts: readonly StandingRow[]
    readonly nameOf: (tenant: string) => string
    readonly fault: FaultRow | undefined
  },
): DeviceLedger {
  const { parts, nameOf, fault } = known
  // A holder of the class verification makes it so without an entry; one held part makes a shared device held.
  const { ledger_state, ...entry } =
    parts.find(({ ledger_state }) => ledger_state === 'held') ?? row
  const because =
    fault === undefined
      ? { since: entry.since_ms, reason: entry.reason, reason_zh: '' }
      : { since: fault.since_ms, reason: fault.message, reason_zh: fault.message_zh }
  return {
    state: ledger_state,
    ...because,
    since: isoOrNull(because.since),
    ticket: entry.ticket,
    waiting_on: entry.waiting_on,
    eta: isoOrNull(entry.eta_ms),
    allocation_source: entry.allocation_source,
    holders: parts.filter(({ is_held }) => is_held === 1).map((part) => holderOf(part, nameOf)),
  }
}

const holderOf = (row: StandingRow, nameOf: (tenant: string) => string): DeviceHolder => ({
  tenant: row.tenant,
  display_name: row.tenant === '' ? '' : nameOf(row.tenant),
  job: row.job,
  class: row.class,
  billing: row.billing,
  share: row.part_ppm / 1_000_000,
})
