import type { MeasuredAnswer } from '#schemas/api-measured.ts'
import type { Sheet } from '#lib/csv.ts'

/** The tables of a group's measurement as they are saved: figures unrounded. */

export const sourcesSheet = ({ sources }: Pick<MeasuredAnswer, 'sources'>): Sheet => ({
  header: ['busy_source', 'known_device_seconds', 'share_of_known', 'utilization', 'devices'],
  rows: sources.map((one) => [
    one.source,
    one.known_device_seconds,
    one.share,
    one.utilization,
    one.devices,
  ]),
})

export const countersSheet = ({
  counters,
  read_devices: all,
}: Pick<MeasuredAnswer, 'counters' | 'read_devices'>): Sheet => ({
  header: ['metric', 'p10', 'p50', 'p90', 'devices', 'of_devices', 'busy_devices'],
  rows: counters.map((one) => [
    one.metric,
    one.p10,
    one.p50,
    one.p90,
    one.devices,
    all,
    one.busy_devices,
  ]),
})
