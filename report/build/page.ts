import type { Figure, ReportWords } from '#schemas/report/figure.ts'
import type { PageNumber } from '#schemas/report/model.ts'
import { figure } from '../round.ts'
import {
  beforeWords,
  both,
  dayWords,
  duration,
  inBoth,
  type Language,
  periodWords,
  said,
  saidWithoutSign,
} from '../words.ts'
import type { Causes } from './causes.ts'
import { below, standstills, type Stretch, telemetryOutages } from './gaps.ts'
import { type BuildInput, HOUR_S, LEVELS } from './input.ts'

/** The first page's figures: the verdict prints these and no others. */
export interface PageFigures {
  readonly utilization: Figure
  /** Signed: below 0 is ahead of the target. */
  readonly points: Figure
  readonly hours: Figure
  readonly usd: Figure
  readonly belowDanger: Figure
  readonly change: Figure | null
  readonly changeUsd: Figure | null
  readonly coverage: Figure
  readonly low: Figure
  readonly high: Figure
  /** Sold by contract where there are contracts, else held by somebody. */
  readonly sold: Figure | null
  readonly allocated: Figure
  readonly used: Figure
}

export function pageFigures({ answers }: BuildInput, causes: Causes | null): PageFigures {
  const { fleet, minutes, slices, contracted_hours: contracted, tiers } = answers
  const { ledger, loss } = fleet
  const capacityHours = ledger.capacity_device_seconds / HOUR_S
  const short = (LEVELS.ticket * ledger.known_device_seconds - ledger.busy_device_seconds) / HOUR_S
  const isKnown = ledger.utilization !== null
  // The heat map counts minutes: the verdict says their sum. Periods too long for minutes have slices.
  const line = minutes.utilization.length > 0 ? minutes : slices
  const isLineKnown = line.utilization.some((value) => value !== null)
  const sold = contracted === null || capacityHours === 0 ? null : contracted / capacityHours
  return {
    utilization: figure('percent', ledger.utilization),
    points: figure('points', isKnown ? LEVELS.ticket - (ledger.utilization ?? 0) : null),
    hours: figure('gpu_hours', isKnown ? short : null),
    usd: figure('usd', isKnown ? loss.loss_usd.versus_target : null),
    belowDanger: figure(
      'minutes',
      isLineKnown ? below(line.utilization, LEVELS.danger) * (line.stepMs / 60_000) : null,
    ),
    change: causes?.change ?? null,
    changeUsd: causes?.changeUsd ?? null,
    coverage: figure('percent', ledger.coverage),
    low: figure('percent', ledger.util_lo),
    high: figure('percent', ledger.util_hi),
    sold: sold === null ? null : figure('percent', sold, { decimals: 0 }),
    allocated: figure('percent', tiers.tiers.allocated.value, { decimals: 0 }),
    used: figure('percent', ledger.utilization, { decimals: 0 }),
  }
}

export function pageNumbers(given: PageFigures): PageNumber[] {
  const { change, changeUsd, sold } = given
  const isAhead = (given.points.value ?? 0) < 0
  const number = (name: PageNumber['name'], label: ReportWords, value: Figure): PageNumber => ({
    name,
    label,
    figure: value,
  })
  return [
    number('utilization', both('Busy', '忙碌率'), given.utilization),
    number('short_points', isAhead ? AHEAD : SHORT, given.points),
    number('short_gpu_hours', both('In GPU-hours', '折合卡时'), given.hours),
    number('short_usd', both('In dollars', '折合金额'), given.usd),
    number('minutes_below_danger', both('Under 60 %', '低于 60 %'), given.belowDanger),
    ...(change === null ? [] : [number('change_points', both('Change', '变化'), change)]),
    ...(changeUsd === null
      ? []
      : [number('change_usd', both('Change in dollars', '变化金额'), changeUsd)]),
    number('coverage', both('Hours known', '已知卡时'), given.coverage),
    number('util_lo', both('At least', '下限'), given.low),
    number('util_hi', both('At most', '上限'), given.high),
    sold === null
      ? number('allocated', both('Held', '占用'), given.allocated)
      : number('sold', both('Sold', '已售'), sold),
    number('used', both('Used', '使用'), given.used),
  ]
}

const SHORT = both('Short of 75 %', '距 75 %')
const AHEAD = both('Ahead of 75 %', '超出 75 %')

/** `Week 47: 71.4 % busy. Target 75 %: 3.6 points short, …` */
export function verdict(input: BuildInput, figures: PageFigures): ReportWords {
  return inBoth((language) => {
    const sentences = language === 'en' ? english(input, figures) : chinese(input, figures)
    return sentences.filter((sentence) => sentence !== '').join(language === 'en' ? ' ' : '')
  })
}

function english(input: BuildInput, figures: PageFigures): string[] {
  const { utilization, points, hours, usd, change, changeUsd, coverage, low, high } = figures
  const head = `${periodWords(input.id, 'en')}${STATES[input.state].en}:`
  if (utilization.value === null)
    return [`${head} nothing is known of its utilization.`, ...outageSentences(input, 'en')]
  const way = (points.value ?? 0) < 0 ? 'ahead' : 'short'
  const [far, much, money] = [points, hours, usd].map((value) => saidWithoutSign(value, 'en'))
  return [
    `${head} ${said(utilization, 'en')} busy.`,
    `Target 75 %: ${far} ${way}, ${much}, ${money}.`,
    underSentence(figures, 'en'),
    change === null
      ? ''
      : `${beforeWords(input.kind, input.state === 'so_far').en} ${said(change, 'en')}${changeUsd === null ? '' : ` (${said(changeUsd, 'en')})`}.`,
    ...outageSentences(input, 'en'),
    `${said(coverage, 'en')} of hours known: true value ${between(low, high, 'en')}.`,
    figures.sold === null
      ? figures.allocated.value === null
        ? ''
        : `Held ${said(figures.allocated, 'en')}, used ${said(figures.used, 'en')}.`
      : `Sold ${said(figures.sold, 'en')}, used ${said(figures.used, 'en')}.`,
  ]
}

function chinese(input: BuildInput, figures: PageFigures): string[] {
  const { utilization, points, hours, usd, change, changeUsd, coverage, low, high } = figures
  const head = `${periodWords(input.id, 'zh')}${STATES[input.state].zh}：`
  if (utilization.value === null) return [`${head}忙碌率未知。`, ...outageSentences(input, 'zh')]
  const way = (points.value ?? 0) < 0 ? '超出' : '差'
  const [far, much, money] = [points, hours, usd].map((value) => saidWithoutSign(value, 'zh'))
  return [
    `${head}忙碌率 ${said(utilization, 'zh')}。`,
    `目标 75 %：${way} ${far}，${much}，${money}。`,
    underSentence(figures, 'zh'),
    change === null
      ? ''
      : `${beforeWords(input.kind, input.state === 'so_far').zh} ${said(change, 'zh')}${changeUsd === null ? '' : `（${said(changeUsd, 'zh')}）`}。`,
    ...outageSentences(input, 'zh'),
    `${said(coverage, 'zh')} 的卡时已知：真实值 ${between(low, high, 'zh')}。`,
    figures.sold === null
      ? figures.allocated.value === null
        ? ''
        : `占用 ${said(figures.allocated, 'zh')}，使用 ${said(figures.used, 'zh')}。`
      : `已售 ${said(figures.sold, 'zh')}，使用 ${said(figures.used, 'zh')}。`,
  ]
}

/** `70.8-71.6 %`, or one figure where both print alike. */
const between = (low: Figure, high: Figure, language: Language) =>
  `${low.text === high.text ? '' : `${low.text}-`}${said(high, language)}`

const STATES: Readonly<Record<BuildInput['state'], ReportWords>> = {
  whole: both('', ''),
  so_far: both(' so far', '（至今）'),
  partial: both(' (data begins within it)', '（数据始于期中）'),
}

function underSentence({ belowDanger }: PageFigures, language: Language): string {
  if (belowDanger.value === null) return ''
  if (belowDanger.value === 0) return language === 'en' ? 'Never under 60 %.' : '未曾低于 60 %。'
  const time = said(belowDanger, language)
  return language === 'en' ? `Under 60 % for ${time}.` : `低于 60 % 共 ${time}。`
}

/** A period that nobody watched, or in which all stood still, says so before anything is made of its figures. */
function outageSentences(input: BuildInput, language: Language): string[] {
  const { minutes } = input.answers
  const said: string[] = []
  const outages = telemetryOutages(minutes)
  if (outages.length > 0) {
    const [time, day] = timeAndDay(outages, input, language)
    said.push(
      language === 'en'
        ? `Telemetry was missing for ${time}, most of it from ${day}: those hours are unknown, not idle.`
        : `遥测缺失 ${time}，主要始于 ${day}：这些卡时为未知，不算空闲。`,
    )
  }
  const still = standstills(minutes)
  if (still.length > 0) {
    const [time, day] = timeAndDay(still, input, language)
    said.push(
      language === 'en'
        ? `Nothing ran for ${time}, most of it from ${day}: counted as idle, not as downtime.`
        : `全部空转 ${time}，主要始于 ${day}：计为空闲，不算停机。`,
    )
  }
  return said
}

function timeAndDay(
  stretches: readonly Stretch[],
  { calendar }: BuildInput,
  language: Language,
): readonly [string, string] {
  const total = stretches.reduce((sum, { minutes }) => sum + minutes, 0)
  const longest = stretches[0]?.fromMs ?? 0
  return [duration(total, language), dayWords(calendar.local(longest).date, language)]
}

/** How much is known, and where the data came from. */
export function dataLine({ answers }: BuildInput, { coverage }: PageFigures): ReportWords {
  const { ledger, loss } = answers.fleet
  const unknown = figure('gpu_hours', ledger.ledger.unknown / HOUR_S)
  const again = answers.restatements.reduce((sum, { minutes }) => sum + minutes, 0)
  return inBoth((language) => {
    const en = language === 'en'
    const parts = [
      en
        ? `${said(coverage, language)} of hours known; ${said(unknown, language)} unknown, never priced`
        : `${said(coverage, language)} 的卡时已知；${said(unknown, language)}未知，从不计价`,
    ]
    if (again > 0) parts.push(en ? `${again} minutes settled again` : `${again} 分钟重新结算`)
    if (loss.assumed) parts.push(en ? 'price assumed, nobody entered one' : '单价为假定值，未录入')
    if (answers.simulated) parts.push(en ? 'simulated data' : '模拟数据')
    parts.push(en ? `definitions ${answers.definition}` : `口径 ${answers.definition}`)
    return `${parts.join(en ? '; ' : '；')}${en ? '.' : '。'}`
  })
}
