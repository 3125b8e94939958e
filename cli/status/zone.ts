import type { AlertsAnswer } from '#schemas/api-alerts.ts'
import type { FleetGroup } from '#schemas/api.ts'
import type { ZonesAnswer } from '#schemas/api-zones.ts'
import { ZONE_LINES } from '#schemas/alerts/zone-levels.ts'
import type { Zone } from '#schemas/zones.ts'

/** Where the fleet stands, for a script that goes by the exit code. */
export interface ZoneNow {
  readonly zone: Zone | 'unknown'
  readonly words: string
}

/** DEFINITIONS section 9: of less than this nobody says that it is well. */
const COVERAGE_MIN = 0.95
/** An evaluator that has been silent for so long knows nothing of now. */
const EVALUATED_MS = 3 * 60_000
const RANK: readonly Zone[] = ['ok', ...ZONE_LINES]
const EXIT: Readonly<Record<ZoneNow['zone'], number>> = {
  ok: 0,
  ticket: 0,
  watch: 0,
  warn: 1,
  danger: 2,
  unknown: 3,
}

export const exitCodeOf = ({ zone }: ZoneNow): number => EXIT[zone]

/**
 * The worse of what the last five settled minutes say and of the fleet's own open zone alert, which has looked at hours
 * and ends later. Unknown where too little reports, unless it is danger even if every silent device were busy. Pure.
 */
export function zoneNow(
  fleet: Pick<FleetGroup, 'utilization' | 'util_hi' | 'coverage'> | null,
  zones: ZonesAnswer | null,
  alerts: AlertsAnswer | null,
): ZoneNow {
  const levels = zones?.sets.find(
    ({ scope, tier }) => scope === 'fleet' && tier === 'busy',
  )?.in_force
  const high = fleet?.util_hi ?? null
  if (levels !== null && levels !== undefined && high !== null && high < levels.danger)
    return under('danger', levels.danger, 'even if every silent device were busy')
  const open = fleetAlert(alerts)
  if (open?.state === 'held') return { zone: 'unknown', words: open.line.en }
  const told: Zone = open === null ? 'ok' : zoneOf(open)
  const { utilization = null, coverage = null } = fleet ?? {}
  if (utilization === null || coverage === null)
    return { zone: 'unknown', words: 'nothing is known of the last settled minutes' }
  if (levels === null || levels === undefined)
    return { zone: 'unknown', words: 'no lines are known for the fleet' }
  const now = ZONE_LINES.findLast((line) => utilization < levels[line]) ?? 'ok'
  if (open !== null && RANK.indexOf(told) > RANK.indexOf(now))
    return { zone: told, words: open.line.en }
  if (coverage < COVERAGE_MIN)
    return { zone: 'unknown', words: `only ${percent(coverage)} of the capacity is known` }
  if (now === 'ok') return { zone: 'ok', words: `over the ${percent(levels.ticket, 0)} line` }
  return under(now, levels[now], 'in the last five settled minutes')
}

type OpenAlert = AlertsAnswer['alerts'][number]

function fleetAlert(alerts: AlertsAnswer | null): OpenAlert | null {
  if (alerts === null) return null
  const { at_ms, evaluator } = alerts
  if (evaluator.last_pass_ms === null || at_ms - evaluator.last_pass_ms > EVALUATED_MS) return null
  const own = alerts.alerts.filter(({ rule, labels, state }) => {
    const isFleet = Object.keys(labels).every((name) => name === 'zone_set')
    return rule === 'utilization_zone' && isFleet && (state === 'firing' || state === 'held')
  })
  return own[0] ?? null
}

/** Of what people are told: a zone that pages is danger, and so on. */
function zoneOf({ severity }: OpenAlert): Zone {
  if (severity === 'page') return 'danger'
  return severity === 'warn' ? 'warn' : 'ticket'
}

const under = (zone: Zone, line: number, how: string): ZoneNow => ({
  zone,
  words: `under the ${percent(line, 0)} line, ${how}`,
})

const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`
