import type { EnergyAnswer, PueAnswer } from '#schemas/api-facility.ts'
import type { FleetWindow, RackHeat, ReportAnswers, ReportWindow } from '#schemas/report/facts.ts'
import { energyDevices } from '../energy-devices.ts'
import type { FacilityDeps } from '../facility/deps.ts'
import { energyAnswer } from '../facility/energy.ts'
import { yearEarlier } from '../facility/periods.ts'
import { pueAnswer } from '../facility/pue.ts'
import { hoursOf } from '../ledger/figures.ts'
import { reportHeat } from '../queries/report.ts'
import { iso } from '../window.ts'
import { asked, inSeconds, orNull } from './asked.ts'

/** What the site's meters and the racks' sensors say of a period. */

/** Racks with the least distance from slowdown; what is throttled is counted in the loss. */
const RACKS_MAX = 20

/** Energy is kept by quarter hours: the part of the period that whole ones make. */
export async function energy(
  deps: FacilityDeps,
  window: ReportWindow,
): Promise<Pick<ReportAnswers, 'energy' | 'pue' | 'pue_year' | 'devices_energy'>> {
  const range = asked(window)
  const { settledUntilMs } = await deps.settledScopes()
  const isMetered = settledUntilMs !== null && settledUntilMs > window.fromMs
  const site = isMetered
    ? await orNull<EnergyAnswer>(() =>
        energyAnswer(deps, { ...range, resolution: 'all', groupBy: 'role' }),
      )
    : null
  const pue = isMetered
    ? await orNull<PueAnswer>(() => pueAnswer(deps, { ...range, resolution: 'all', scope: 'site' }))
    : null
  const year = { from: iso(yearEarlier(window.toMs, deps.timeZone)), to: range.to }
  const pueYear = isMetered
    ? await orNull(() => pueAnswer(deps, { ...year, resolution: '1mo', scope: 'site' }))
    : null
  const devices = await orNull(() =>
    energyDevices(deps, { ...range, groupBy: undefined, filters: [] }),
  )
  return { energy: site, pue, pue_year: pueYear, devices_energy: devices?.groups[0] ?? null }
}

export async function racks(
  deps: FacilityDeps,
  window: ReportWindow,
  { loss }: FleetWindow,
): Promise<readonly RackHeat[]> {
  const rows = await reportHeat.run(deps.reader, { ...inSeconds(window), rows: RACKS_MAX })
  const { gpu_hours, usd } = loss.throttled_by_cause.heat
  const perHour = usd === null || gpu_hours === 0 ? null : usd / gpu_hours
  return rows.map(({ hall, rack, least_margin, hottest, throttled_heat_ms_x1000 }) => {
    const hours = hoursOf(throttled_heat_ms_x1000)
    return {
      hall,
      rack,
      margin_celsius_min: least_margin,
      temperature_celsius_max: hottest,
      throttled_heat_hours: hours,
      throttled_heat_usd: perHour === null ? null : hours * perHour,
    }
  })
}
