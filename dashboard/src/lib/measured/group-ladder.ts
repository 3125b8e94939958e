import type { MeasuredAnswer } from '#schemas/api-measured.ts'
import { BUSY_LADDER, type LadderMetric } from '#schemas/busy-ladder.ts'

/** The counters of a group as the ladder shows them. */

type Counter = MeasuredAnswer['counters'][number]

export interface GroupStep extends Omit<Counter, 'metric'> {
  readonly metric: LadderMetric
  /** Of the devices that were read, the share that gives it; null where none was. */
  readonly share: number | null
  /** The finer tier it is on every device that gives it. */
  readonly tier: 'active' | 'effective' | null
}

export function groupSteps({
  counters,
  read_devices: all,
}: Pick<MeasuredAnswer, 'counters' | 'read_devices'>): GroupStep[] {
  return BUSY_LADDER.flatMap((step): GroupStep[] => {
    const counter = counters.find(({ metric }) => metric === step.metric)
    if (counter === undefined) return []
    return [
      {
        ...counter,
        metric: step.metric,
        share: all > 0 ? Math.min(1, counter.devices / all) : null,
        tier: 'tier' in step ? step.tier : null,
      },
    ]
  })
}
