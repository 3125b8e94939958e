import type { Section } from '#schemas/report/section.ts'
import type { CostBook } from '#schemas/report/issued.ts'
import type { ReportWindow } from '#schemas/report/facts.ts'
import { figure } from '../round.ts'
import { column, figures, section, table } from '../table.ts'
import { both } from '../words.ts'
import { type BuildInput, HOUR_S, LEVELS } from './input.ts'

/** H100-hours of one training run of a 70B model over 1T tokens (issue 9). */
export const RUN_H100_HOURS = 2_000_000
const MONTHS_MEASURED = 6
const HOUR_MS = 3_600_000
/** Mean length of a month. */
const MONTH_HOURS = (365.25 * 24) / 12

export function milestoneSection(input: BuildInput): Section {
  const { months, cost_book: book } = input.answers
  const run = runLines(input)
  if (book?.go_live_ms == null || months.length === 0)
    return section('milestone', [run], {
      state: 'not_entered',
      lead: [
        both(
          'When the site went live was not entered: months cannot be counted.',
          '未录入上线日期，无法按月统计。',
        ),
      ],
    })
  const measured = months.slice(0, MONTHS_MEASURED)
  const sum = (read: (month: (typeof months)[number]) => number) =>
    measured.reduce((total, month) => total + read(month), 0)
  const known = sum(({ known_hours }) => known_hours)
  const busy = sum(({ busy_hours }) => busy_hours)
  const needed = mustAverage(input, book, { known, busy })
  return section('milestone', [
    table('months', both('Utilization by month since go-live', '上线以来逐月忙碌率'), {
      columns: [
        column('month', 'Month', '月份'),
        column('utilization', 'Busy', '忙碌率', 'percent'),
        column('coverage', 'Known', '已知', 'percent'),
        column('capacity', 'Capacity', '容量', 'gpu_hours'),
      ],
      rows: months.map(({ id, utilization, coverage, capacity_hours }) => ({
        month: id,
        utilization: figure('percent', utilization),
        coverage: figure('percent', coverage),
        capacity: figure('gpu_hours', capacity_hours),
      })),
    }),
    figures('six_months', both('Six months against 75 %', '六个月对比 75 %'), [
      {
        what: both('Mean so far, weighed by known hours', '目前均值（按已知卡时加权）'),
        figure: figure('percent', known === 0 ? null : busy / known),
      },
      { what: both('Target', '目标'), figure: figure('percent', LEVELS.ticket, { decimals: 0 }) },
      {
        what: both('What the remaining weeks must average', '其余各周须达到的均值'),
        figure: figure('percent', needed.share, { missing: needed.isOver ? 'none' : 'not_known' }),
        remark: needed.share !== null && needed.share > 1 ? both('out of reach', '已无法达到') : '',
      },
      {
        what: both('Weeks remaining', '剩余周数'),
        figure: figure('count', needed.weeks, { decimals: 1 }),
      },
    ]),
    run,
  ])
}

/** With capacity as it was in the period: what is left has to make up for what was missed. */
function mustAverage(
  { answers }: BuildInput,
  book: CostBook,
  { known, busy }: { readonly known: number; readonly busy: number },
): { readonly share: number | null; readonly weeks: number; readonly isOver: boolean } {
  const { window, fleet } = answers
  const endMs =
    book.milestone_ms ?? (book.go_live_ms ?? 0) + MONTHS_MEASURED * MONTH_HOURS * HOUR_MS
  const leftHours = Math.max(0, (endMs - window.toMs) / HOUR_MS)
  const weeks = leftHours / 168
  const perHour =
    fleet.ledger.known_device_seconds / HOUR_S / ((window.toMs - window.fromMs) / HOUR_MS)
  const left = leftHours * perHour
  if (left === 0) return { share: null, weeks, isOver: true }
  return {
    share: Math.max(0, (LEVELS.ticket * (known + left) - busy) / left),
    weeks,
    isOver: false,
  }
}

/** What was missed of the target, in the terms of those who wait for it. */
function runLines({ answers }: BuildInput) {
  const { tiers, window } = answers
  const { compute } = tiers.busy_by
  const hours = (window.toMs - window.fromMs) / HOUR_MS
  const { known, busy } = compute.h100_equivalents
  const isKnown = compute.value !== null
  const short = isKnown ? Math.max(0, LEVELS.ticket * known - busy) * hours : null
  return figures('lost_run', both('What that is in training', '折合训练'), [
    {
      what: both('H100-equivalent hours short of the target', '距目标的 H100 等效卡时'),
      figure: figure('gpu_hours', short),
      remark: compute.unweighted_models.join(', '),
    },
    {
      what: both(
        'Of a 70B run over 1T tokens (2,000,000 H100-hours)',
        '占一次 70B/1T token 训练（2,000,000 H100 卡时）',
      ),
      figure: figure('percent', short === null ? null : short / RUN_H100_HOURS),
      remark: '',
    },
  ])
}

/** What an hour of work costs, out of what people entered and the energy that was metered. */
export function unitCostSection({ answers }: BuildInput): Section {
  const { cost_book: book, energy, fleet, known_worth, window } = answers
  if (book === null || book.lines.length === 0)
    return section('unit_cost', [], {
      state: 'not_entered',
      lead: [
        both(
          'No cost book was entered (plimsoll import costs): depreciation, staff and space are not known.',
          '未录入成本账（plimsoll import costs）：折旧、人员、场地未知。',
        ),
      ],
    })
  const lines = costsInForce(book, window)
  const energyUsd = (energy?.groups ?? []).reduce<number | null>(
    (sum, { usd }) => (sum === null || usd === null ? null : sum + usd),
    energy === null ? null : 0,
  )
  const entered = lines.reduce((sum, { usd }) => sum + usd, 0)
  const total = energyUsd === null ? null : entered + energyUsd
  const busyHours = fleet.ledger.busy_device_seconds / HOUR_S
  const worth = known_worth.usd
  return section('unit_cost', [
    table('costs', both('Costs of the period', '本期成本'), {
      columns: [
        column('kind', 'Kind', '类别'),
        column('usd', 'USD', '美元', 'usd'),
        column('note', 'Note', '备注'),
      ],
      rows: [
        ...lines.map(({ kind, usd, note }) => ({
          kind: KINDS[kind],
          usd: figure('usd', usd),
          note,
        })),
        { kind: both('Energy, metered', '电费（计量）'), usd: figure('usd', energyUsd), note: '' },
      ],
      total: { kind: both('Sum', '合计'), usd: figure('usd', total), note: '' },
    }),
    figures('unit_cost', both('Per busy GPU-hour', '每忙碌卡时'), [
      {
        what: both('Cost per busy GPU-hour', '每忙碌卡时成本'),
        figure: figure('usd', total === null || busyHours === 0 ? null : total / busyHours, {
          decimals: 2,
        }),
      },
      {
        what: both('Break-even utilization at list price', '按标价的盈亏平衡忙碌率'),
        figure: figure(
          'percent',
          total === null || worth === null || worth === 0 ? null : total / worth,
        ),
      },
    ]),
  ])
}

const KINDS = {
  depreciation: both('Depreciation', '折旧'),
  staff: both('Staff', '人员'),
  space: both('Space', '场地'),
  network: both('Network', '网络'),
  other: both('Other', '其他'),
} as const

/** Costs by kind: the line in force at each moment, by its share of a mean month. */
function costsInForce({ lines }: CostBook, { fromMs, toMs }: ReportWindow) {
  return [...Map.groupBy(lines, ({ kind }) => kind)].map(([kind, own]) => {
    const dated = own.toSorted((a, b) => a.from_ms - b.from_ms)
    const usd = dated.reduce((sum, line, at) => {
      const endMs = Math.min(toMs, dated[at + 1]?.from_ms ?? toMs)
      const hours = Math.max(0, endMs - Math.max(fromMs, line.from_ms)) / HOUR_MS
      return sum + (line.usd_per_month * hours) / MONTH_HOURS
    }, 0)
    return { kind, usd, note: dated.at(-1)?.note ?? '' }
  })
}
