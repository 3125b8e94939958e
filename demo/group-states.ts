import type { NativeColumn } from '../ingest/store/native-block.ts'

/** Rows of group minutes as far as their state depends on them; the columns are equally long. */
export interface HeldRows {
  /** Empty = nobody holds these devices. */
  readonly tenants: readonly string[]
  readonly capacityMs: Float64Array
  readonly knownMs: Float64Array
  readonly busyMsX1000: Float64Array
  readonly powerMwMs: Float64Array
}

/**
 * States of a simulated group minute as its labels tell them: known time is productive where somebody holds the
 * devices and unallocated where nobody does. Idle stretches are found when the settler goes over the history.
 */
export function stateColumns(rows: HeldRows): NativeColumn[] {
  const { tenants, capacityMs, knownMs, busyMsX1000, powerMwMs } = rows
  const only = (isHeld: boolean, values: Float64Array, times = 1) =>
    values.map((value, row) => ((tenants[row] !== '') === isHeld ? value * times : 0))
  const whole = (name: string, values: Float64Array): NativeColumn => ({
    name,
    type: 'Float64',
    values,
  })
  return [
    { name: 'allocation_source', type: 'String', values: tenants.map(() => 'telemetry') },
    {
      name: 'billing',
      type: 'String',
      values: tenants.map((tenant) => (tenant === '' ? '' : 'unknown')),
    },
    whole('unallocated_ms', only(false, knownMs)),
    whole('productive_ms_x1000', only(true, knownMs, 1000)),
    whole('busy_unallocated_ms_x1000', only(false, busyMsX1000)),
    whole('power_unallocated_mw_ms', only(false, powerMwMs)),
    whole('allocated_known_ms', capacityMs),
    whole('allocated_ms', only(true, capacityMs)),
  ]
}
