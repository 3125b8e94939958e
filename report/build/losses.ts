import type { WaterfallBar } from '#schemas/report/model.ts'
import { LOSS_LINES, type LossLine } from '#schemas/orders.ts'
import type { LossGroup, Money } from '#schemas/api-ledger.ts'
import type { Figure } from '#schemas/report/figure.ts'
import type { Section } from '#schemas/report/section.ts'
import { figure, partsOfWhole } from '../round.ts'
import { column, section, table } from '../table.ts'
import { LINE_TITLES, STATE_TITLES } from '../titles.ts'
import { both } from '../words.ts'
import { type BuildInput, HOUR_S } from './input.ts'

interface Step {
  readonly step: WaterfallBar['step']
  readonly hours: number
}

/** Bars from capacity to busy. What lies between sums to the difference as printed. */
export function waterfallBars({ answers }: BuildInput): WaterfallBar[] {
  const { ledger, loss } = answers.fleet
  const partBusy = loss.by_state.part_busy.gpu_hours
  const steps = ledger.waterfall.flatMap(({ step, device_seconds }): readonly Step[] => {
    const hours = device_seconds / HOUR_S
    if (step !== 'part_busy') return [{ step, hours }]
    // /loss has what throttled and inefficient time lacks of busy in lines of its own, weighed otherwise.
    return [
      { step, hours: -partBusy },
      { step: 'cut', hours: hours + partBusy },
    ]
  })
  const hoursOf = (wanted: string) => steps.find(({ step }) => step === wanted)?.hours ?? 0
  const capacity = figure('gpu_hours', hoursOf('capacity'))
  const busy = figure('gpu_hours', hoursOf('busy'))
  const between = steps.filter(({ step }) => step !== 'capacity' && step !== 'busy')
  const parts = partsOfWhole(
    'gpu_hours',
    between.map(({ hours }) => hours),
    (busy.value ?? 0) - (capacity.value ?? 0),
  )
  const inner = new Map(between.map(({ step }, at) => [step, parts[at]]))
  const printed = usdOfLines(loss)
  const share = (hours: number) =>
    hoursOf('capacity') === 0 ? 0 : Math.abs(hours) / hoursOf('capacity')
  return steps.map(({ step, hours }) => ({
    step,
    title: STATE_TITLES[step],
    gpu_hours: step === 'capacity' ? capacity : step === 'busy' ? busy : (inner.get(step) ?? busy),
    usd: barUsd(step, loss, { hours, printed }),
    share: share(hours),
  }))
}

/** Dollars of each line as the table of lines prints them: they sum to its last line. */
function usdOfLines({ by_state, loss_usd }: LossGroup): ReadonlyMap<LossLine, Figure> {
  const usd = moneyParts(
    LOSS_LINES.map((line) => by_state[line].usd),
    loss_usd.versus_capacity,
  )
  return new Map(LOSS_LINES.map((line, at) => [line, usd[at] ?? figure('usd', null)]))
}

interface Bar {
  readonly hours: number
  readonly printed: ReadonlyMap<LossLine, Figure>
}

/** Dollars of a bar, where /loss has the same hours: the same digits as in its table. */
function barUsd(
  step: WaterfallBar['step'],
  { by_state }: LossGroup,
  { hours, printed }: Bar,
): Figure | null {
  const line = LOSS_LINES.find((one) => one === step)
  if (line === undefined || Math.abs(by_state[line].gpu_hours + hours) > 0.001) return null
  return printed.get(line) ?? null
}

export function waterfallSection(input: BuildInput, bars: readonly WaterfallBar[]): Section {
  const { ledger, loss } = input.answers.fleet
  const payers: readonly (readonly [string, string, Money])[] = [
    ['Ours', '我方', loss.payers.ours],
    ['The customer’s', '客户方', loss.payers.customer],
  ]
  const details: readonly (readonly [string, string, Money])[] = [
    ['Unallocated: unsold', '未分配：未售', loss.unallocated.unsold],
    ['Unallocated: sold without a job', '未分配：已售无作业', loss.unallocated.sold_without_job],
    ['Held and idle: serving in reserve', '占而未用：推理备用', loss.reserve],
    ['Throttled: heat', '降频：过热', loss.throttled_by_cause.heat],
    ['Throttled: power brake', '降频：功率制动', loss.throttled_by_cause.power_brake],
    ['Throttled: hardware', '降频：硬件', loss.throttled_by_cause.hardware],
  ]
  const moneyRows = (lines: typeof payers) =>
    lines.map(([en, zh, { gpu_hours, usd }]) => ({
      what: both(en, zh),
      gpu_hours: figure('gpu_hours', gpu_hours),
      usd: figure('usd', usd),
    }))
  const money = [column('what', 'What', '项目'), ...MONEY_COLUMNS]
  return section(
    'waterfall',
    [
      table('waterfall', both('From capacity to busy', '从容量到忙碌'), {
        columns: money,
        rows: bars.map(({ title, gpu_hours, usd }) => ({
          what: title,
          gpu_hours,
          usd: usd ?? figure('usd', null, { missing: 'none' }),
        })),
      }),
      lossTable(loss),
      table('payers', both('Who pays: two columns that are never added', '谁承担：两列从不相加'), {
        columns: money,
        rows: moneyRows(payers),
      }),
      table('loss_details', both('Parts of those lines', '其中'), {
        columns: money,
        rows: moneyRows(details),
      }),
    ],
    {
      coverage: figure('percent', ledger.coverage),
      lead: [
        ...(loss.unpriced_hours > 0
          ? [
              both(
                'Hours of models without a price are in no sum of dollars.',
                '无单价型号的卡时不计入金额。',
              ),
            ]
          : []),
        ...(loss.assumed
          ? [
              both(
                'Nobody entered a price: $2.00 an hour is assumed.',
                '未录入单价：按每小时 $2.00 估算。',
              ),
            ]
          : []),
        both('Unknown hours are never priced.', '未知卡时从不计价。'),
      ],
    },
  )
}

const MONEY_COLUMNS = [
  column('gpu_hours', 'GPU-hours', '卡时', 'gpu_hours'),
  column('usd', 'USD', '美元', 'usd'),
] as const

/** The seven lines of /loss with their sum. */
function lossTable(loss: LossGroup) {
  const lines = LOSS_LINES.map((line) => loss.by_state[line])
  const hours = partsOfWhole(
    'gpu_hours',
    lines.map(({ gpu_hours }) => gpu_hours),
    loss.lost_gpu_hours,
  )
  const usd = usdOfLines(loss)
  const customer = moneyParts(
    LOSS_LINES.map((line) => loss.customer_by_state[line].usd),
    loss.payers.customer.usd,
  )
  return table('loss', both('Lost against all capacity', '相对全部容量的损失'), {
    columns: [
      column('what', 'What', '项目'),
      ...MONEY_COLUMNS,
      column('customer', 'Of it the customer’s', '其中客户方', 'usd'),
    ],
    rows: LOSS_LINES.map((line, at) => ({
      what: LINE_TITLES[line],
      gpu_hours: hours[at] ?? figure('gpu_hours', null),
      usd: usd.get(line) ?? figure('usd', null),
      customer: customer[at] ?? figure('usd', null),
    })),
    total: {
      what: both('Sum', '合计'),
      gpu_hours: figure('gpu_hours', loss.lost_gpu_hours),
      usd: figure('usd', loss.loss_usd.versus_capacity),
      customer: figure('usd', loss.payers.customer.usd),
    },
  })
}

/** Dollars that sum as printed; a line without a price stays without one. */
export function moneyParts(
  parts: readonly (number | null)[],
  whole: number | null,
): readonly Figure[] {
  const priced = parts.filter((part) => part !== null)
  if (whole === null) return parts.map((part) => figure('usd', part))
  const figures = partsOfWhole('usd', priced, whole)
  let at = 0
  return parts.map((part) => {
    if (part === null) return figure('usd', null)
    at += 1
    return figures[at - 1] ?? figure('usd', part)
  })
}
