import type { DeviceLimit } from '#schemas/api-facility-tree.ts'
import type { LoopEventRow } from '../queries/facility-loops.ts'

/** Events that state limits which a device keeps: no finding. */
const TYPE = 'device_limits'

/** `<point> <signal> <side> <warning or -> <alarm or -> <device | site>`; points have no blanks. */
const CODE = /^(\S+) (\S+) (high|low) (\S+) (\S+) (device|site)$/

/** Open events of loops, parted: what was found, and what devices say of their limits. */
export function partEvents(events: readonly LoopEventRow[]): {
  readonly findings: readonly LoopEventRow[]
  readonly limits: readonly DeviceLimit[]
} {
  return {
    findings: events.filter(({ event_type }) => event_type !== TYPE),
    limits: events
      .filter(({ event_type }) => event_type === TYPE)
      .flatMap(({ event_code }) => limitIn(event_code))
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  }
}

/** Limits of a unit and its points. */
export const limitsOfUnit = (unit: string, limits: readonly DeviceLimit[]): DeviceLimit[] =>
  limits.filter(({ meter }) => meter === unit || meter.startsWith(`${unit}/`))

const keyOf = ({ meter, metric, side }: DeviceLimit) => `${meter}\n${metric}\n${side}`

function limitIn(code: string): DeviceLimit[] {
  const [, meter = '', metric = '', side, warning = '', alarm = '', whose] = CODE.exec(code) ?? []
  if (side !== 'high' && side !== 'low') return []
  const given = { warning: numberIn(warning), alarm: numberIn(alarm) }
  return [{ meter, metric, side, ...given, in_force: whose === 'device' }]
}

function numberIn(text: string): number | null {
  const number = text === '-' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : null
}
