import type { Forecast, ForecastContributor, ForecastStanding } from '#schemas/alerts/forecast.ts'
import type { Words } from '#schemas/alerts/severity.ts'
import type { SignalRow } from '#schemas/alerts/signals.ts'

/** What the signal `forecast_zone` says where nothing is announced: minutes of a day, beyond every threshold. */
export const FAR_MINUTES = 1440
/** A value between its thresholds (60 warns, 20 pages): a warning that has not become a page. */
const WARN_MINUTES_MIN = 21
const WARN_MINUTES_MAX = 60
const PAGE_MINUTES_MAX = 20

/** Why nothing is announced of what is there: an alert that ends with it has come true. */
const UNDER_ALREADY: Words = {
  en: 'utilization is under the line now, which has an alert of its own',
  zh: '利用率已低于该线，由其自身的告警跟踪',
}
const MUTED: Words = { en: 'the forecast is muted', zh: '预测已静默' }

export interface SignalContext {
  /** Scope, tier and where it stands: `scopeHead` of alerts/zones/reading.ts. */
  readonly head: Words
  /** Of the site, for times people read. */
  readonly timeZone: string
  /** The newest standing of the scope's forecasts. */
  readonly standing: ForecastStanding
  /** US dollars an hour that the scope loses at its line; null = not known. */
  readonly usdPerHourAtLine: number | null
  /** Devices of the scope. */
  readonly devices: number
}

/**
 * The row of `forecast_zone` of a scope: minutes until a fifth of the cases is under its line. Agreement over several
 * evaluations, hysteresis and muting are in it, so its rule needs no `for`: below 60 warn, below or at 20 page.
 */
export function forecastSignal(made: Forecast, context: SignalContext): SignalRow {
  const { muted } = context.standing
  const row = { labels: made.labels, coverage: made.coverage, devices: context.devices }
  if (muted || made.announced === 'no') {
    const because = context.standing.because
    const isUnder = made.now < made.line
    const ended = isUnder ? UNDER_ALREADY : muted ? (because ?? MUTED) : null
    return {
      ...row,
      value: FAR_MINUTES,
      ...(because === null ? {} : { known: because }),
      ...(ended === null ? {} : { ended }),
    }
  }
  const why = contributorWords(made.contributors, context.timeZone)
  return {
    ...row,
    value: minutesOf(made),
    low: minutes(made.to_line.low_s),
    high: minutes(made.to_line.high_s),
    usd_per_hour: context.usdPerHourAtLine,
    what: whatWords(made, context),
    ...(why === null ? {} : { why }),
    known: {
      en: learnedWords(made).en,
      zh: learnedWords(made).zh,
    },
  }
}

/** What was announced stays announced until it clears, also while one evaluation sees it a little later. */
function minutesOf({ announced, to_line }: Forecast): number {
  const soon = minutes(to_line.early_s)
  if (announced === 'page') return Math.min(PAGE_MINUTES_MAX, soon ?? PAGE_MINUTES_MAX)
  return Math.min(WARN_MINUTES_MAX - 1, Math.max(WARN_MINUTES_MIN, soon ?? WARN_MINUTES_MAX))
}

const minutes = (seconds: number | null) => (seconds === null ? null : Math.round(seconds / 60))

function whatWords(
  { line, to_line, made_ms }: Forecast,
  { head, timeZone }: Pick<SignalContext, 'head' | 'timeZone'>,
): Words {
  const lineText = `${Math.round(line * 100)} %`
  const at = (seconds: number | null) =>
    seconds === null ? null : clock(made_ms + seconds * 1000, timeZone)
  const [median, low, high] = [at(to_line.median_s), at(to_line.low_s), at(to_line.high_s)]
  const en =
    median === null ? 'within a day' : `about ${median} (${low ?? 'now'} to ${high ?? 'later'})`
  const zh = median === null ? '一天之内' : `约 ${median}（${low ?? '现在'} 至 ${high ?? '更晚'}）`
  return {
    en: `${head.en}, expected under the ${lineText} line ${en}`,
    zh: `${head.zh}，预计${zh}低于 ${lineText} 线`,
  }
}

/** The largest contributors in words, by name; null when nothing moves. */
export function contributorWords(
  contributors: readonly ForecastContributor[],
  timeZone: string,
): Words | null {
  if (contributors.length === 0) return null
  const words = contributors.map((one) => oneContributor(one, timeZone))
  return { en: words.map(({ en }) => en).join('; '), zh: words.map(({ zh }) => zh).join('；') }
}

function oneContributor(one: ForecastContributor, timeZone: string): Words {
  const change = `${one.change_ppm > 0 ? '+' : '-'}${(Math.abs(one.change_ppm) / 1e4).toFixed(1)}`
  const devices = one.devices.toLocaleString('en-US')
  const tenant = one.tenant === '' ? '' : `${one.tenant}, `
  const at = one.at_ms === null ? '' : clock(one.at_ms, timeZone)
  const texts: Record<ForecastContributor['kind'], Words> = {
    job: {
      en: `job ${one.name} (${tenant}${devices}) ends about ${at}, ${change} points`,
      zh: `作业 ${one.name}（${tenant}${devices}）约 ${at} 结束，${change} 个百分点`,
    },
    plan: {
      en: `${one.name} (${devices}) at ${at}, ${change} points`,
      zh: `${one.name}（${devices}）于 ${at}，${change} 个百分点`,
    },
    waiting: {
      en: `job ${one.name} (${tenant}${devices}) can start about ${at}, ${change} points`,
      zh: `作业 ${one.name}（${tenant}${devices}）约 ${at} 可启动，${change} 个百分点`,
    },
    season: {
      en: `usual change at this hour, ${change} points`,
      zh: `该时段的通常变化，${change} 个百分点`,
    },
    trend: {
      en: `trend of the last two hours, ${change} points`,
      zh: `最近两小时的趋势，${change} 个百分点`,
    },
  }
  return texts[one.kind]
}

function learnedWords({ learned_days, coverage }: Forecast): Words {
  const known = percent(coverage)
  if (learned_days >= 28) return { en: `${known} reporting.`, zh: `${known} 已上报。` }
  return {
    en: `${known} reporting. Learning: ${learned_days} of 28 days.`,
    zh: `${known} 已上报。学习中：28 天中的第 ${learned_days} 天。`,
  }
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`

function clock(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(
    ms,
  )
}
