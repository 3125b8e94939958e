import type { ComparedPeriod } from '#schemas/report/facts.ts'
import type { Table } from '#schemas/report/section.ts'
import { figure } from '../round.ts'
import { column, table } from '../table.ts'
import { both } from '../words.ts'
import type { BuildInput } from './input.ts'
import { median } from './median.ts'

type Line = Pick<ComparedPeriod, 'utilization' | 'coverage' | 'lost_gpu_hours' | 'loss_usd'>

/**
 * This period beside up to four of the same kind before, and beside their median, which one odd week does not move;
 * null where there is none to stand beside. Periods of which nothing is known are in no median.
 */
export function comparedTable({ id, kind, state, answers }: BuildInput): Table | null {
  const { compared, fleet } = answers
  const known = compared.filter(({ utilization }) => utilization !== null)
  if (known.length === 0) return null
  const { utilization, coverage, lost_gpu_hours, loss_usd } = fleet.loss
  const own: Line = {
    utilization,
    coverage,
    lost_gpu_hours,
    loss_usd: loss_usd.versus_capacity,
  }
  const middle = {
    utilization: median(known.map((one) => one.utilization)),
    lost: median(known.map((one) => one.lost_gpu_hours)),
    usd: median(known.map((one) => one.loss_usd)),
  }
  const none = { missing: 'none' } as const
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b)
  const signed = { signed: true }
  return table('compared', TITLES[kind], {
    columns: [
      column('period', 'Period', '时段'),
      column('utilization', 'Busy', '忙碌率', 'percent'),
      column('coverage', 'Known', '已知', 'percent'),
      column('lost', 'Lost', '损失', 'gpu_hours'),
      column('usd', 'Lost', '损失', 'usd'),
    ],
    rows: [
      { period: id, ...lineOf(own) },
      ...compared.map((one) => ({ period: one.id, ...lineOf(one) })),
      {
        period: both(`Median of the ${known.length} before`, `此前 ${known.length} 期中位数`),
        utilization: figure('percent', middle.utilization),
        coverage: figure('percent', null, none),
        lost: figure('gpu_hours', middle.lost),
        usd: figure('usd', middle.usd),
      },
      {
        period: both('Against the median (points)', '对比中位数（百分点）'),
        utilization: figure('points', less(own.utilization, middle.utilization), signed),
        coverage: figure('percent', null, none),
        lost: figure('gpu_hours', less(own.lost_gpu_hours, middle.lost), signed),
        usd: figure('usd', less(own.loss_usd, middle.usd), signed),
      },
    ],
    note:
      state === 'so_far'
        ? both('Of those before the same elapsed part.', '此前各期取同样已过的部分。')
        : null,
  })
}

const lineOf = ({ utilization, coverage, lost_gpu_hours, loss_usd }: Line) => ({
  utilization: figure('percent', utilization),
  coverage: figure('percent', coverage),
  lost: figure('gpu_hours', lost_gpu_hours),
  usd: figure('usd', loss_usd),
})

const TITLES = {
  week: both('Beside the four weeks before', '对比此前四周'),
  month: both('Beside the four months before', '对比此前四个月'),
  range: both('Beside the four spans before', '对比此前四个同长时段'),
} as const
