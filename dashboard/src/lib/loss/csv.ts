import type { LossAnswer } from '#schemas/api-ledger.ts'
import { LOSS_LINES } from '#schemas/orders.ts'
import type { Sheet } from '#lib/csv.ts'
import type { Fall } from './figures.ts'

/** Tables of this page as they are saved. */

/** Dollars are whole ones, which sum to the total of their column; hours are exact. */
export function fallSheet(fall: Fall): Sheet {
  const usd = (value: number | null | undefined) => value ?? null
  return {
    header: ['step', 'device_hours', 'ours_usd', 'customer_usd'],
    rows: [
      ['capacity', fall.capacity, null, null],
      ...fall.steps.map(({ step, hours, ours, customer }) => [
        step,
        -hours + 0,
        usd(ours),
        usd(customer),
      ]),
      ['busy', fall.busy, null, null],
      ...fall.work.map(({ line, hours, ours, customer }) => [
        line,
        hours,
        usd(ours),
        usd(customer),
      ]),
      ['lost', null, usd(fall.total.ours), usd(fall.total.customer)],
    ],
  }
}

export function groupSheet({ groups }: Pick<LossAnswer, 'groups'>): Sheet {
  const fields = Object.keys(groups[0]?.key ?? {})
  return {
    header: [
      ...fields,
      'devices',
      'lost_device_hours',
      'lost_usd',
      'to_target_usd',
      'ours_usd',
      'customer_usd',
      ...LOSS_LINES.map((line) => `${line}_device_hours`),
      'unpriced_device_hours',
      'assumed',
      'utilization',
      'coverage',
    ],
    rows: groups.map((group) => [
      ...fields.map((field) => group.key[field] ?? ''),
      group.devices,
      group.lost_gpu_hours,
      group.loss_usd.versus_capacity,
      group.loss_usd.versus_target,
      group.payers.ours.usd,
      group.payers.customer.usd,
      ...LOSS_LINES.map((line) => group.by_state[line].gpu_hours),
      group.unpriced_hours,
      String(group.assumed),
      group.utilization,
      group.coverage,
    ]),
  }
}
