import type { ExplainAnswer, ExplainCause, ExplainContributor } from '#schemas/api-explain.ts'
import type { AlertSeverity, Words } from '#schemas/alerts/severity.ts'

/** What on-call can do something about at night; a job that ended as it should is not among them. */
const ACTIONABLE: ReadonlySet<ExplainCause> = new Set<ExplainCause>([
  'jobs_failed',
  'jobs_stalled',
  'failed',
  'drained',
  'throttled',
])
/** Causes one can act on must make up this share of the drop. */
const ACTIONABLE_PERCENT = 20
const POINT_PPM = 10_000
/** Below this a cause is no news. */
const NAMED_MIN_PPM = 500
const NAMED_MAX = 3

/** Waiting work and the part of it that fits free devices, in devices. */
export interface WaitingWork {
  readonly devices: number
  readonly fits: number
  /** Where most of it fits, for people: `hall 2`; empty = not known. */
  readonly where: string
}

export interface DropFacts {
  /** Null = nobody could say: the question failed or a window is unknown. */
  readonly explain: ExplainAnswer | null
  /** Null = no scheduler tells. */
  readonly waiting: WaitingWork | null
  /** Whether many devices went idle at once (signal mass_idle). */
  readonly massIdle: boolean
  readonly timeZone: string
}

export interface WhoToTell {
  /** `on_call` may be woken; `operations` reads it when awake. */
  readonly to: 'on_call' | 'operations'
  readonly severity: Extract<AlertSeverity, 'page' | 'warn'>
  readonly why: Words
  /** Null = the rule's own action text is as good as any. */
  readonly doing: Words | null
}

/**
 * Whether a zone page has something to do in it (issue 7, item 2). Where nothing could be found out it pages: a person
 * who is woken in vain is better than a fleet nobody looks at.
 */
export function whoToTell(facts: DropFacts): WhoToTell {
  const { explain, waiting, massIdle } = facts
  const fits = waiting !== null && waiting.fits > 0
  const doing = fits ? fitWords(waiting) : null
  const onCall = { to: 'on_call', severity: 'page' } as const
  if (explain === null || explain.change_ppm === null) {
    return {
      ...onCall,
      why: { en: 'what changed cannot be told from the data', zh: '数据不足以说明变化原因' },
      doing,
    }
  }
  const why = causeWords(explain, facts.timeZone)
  if (massIdle || isActionable(explain) || fits) return { ...onCall, why, doing }
  const none = {
    en: 'no fault found; nothing waiting fits',
    zh: '未发现故障；没有可放入的等待任务',
  }
  const unknown = {
    en: 'no fault found; no scheduler says what waits',
    zh: '未发现故障；没有调度器提供等待任务',
  }
  const said = waiting === null ? unknown : none
  const isTold = why.en !== ''
  return {
    to: 'operations',
    severity: 'warn',
    why: isTold ? { en: `${said.en}. ${why.en}`, zh: `${said.zh}。${why.zh}` } : said,
    doing: null,
  }
}

/** At least a fifth of the drop has causes one can act on; of a rise there is nothing to act on. */
export function isActionable({
  change_ppm,
  causes,
}: Pick<ExplainAnswer, 'change_ppm' | 'causes'>): boolean {
  if (change_ppm === null || change_ppm >= 0) return false
  const lost = causes
    .filter(({ cause, change_ppm: part }) => ACTIONABLE.has(cause) && part < 0)
    .reduce((sum, part) => sum - part.change_ppm, 0)
  return lost * 100 >= -change_ppm * ACTIONABLE_PERCENT
}

const VERBS: Readonly<Record<ExplainCause, Words>> = {
  jobs_failed: { en: 'failed', zh: '失败' },
  jobs_ended: { en: 'ended', zh: '结束' },
  jobs_stalled: { en: 'stands still', zh: '停滞' },
  jobs_started: { en: 'started', zh: '启动' },
  failed: { en: 'failed', zh: '故障' },
  drained: { en: 'taken out of service', zh: '已下线' },
  verification: { en: 'under test', zh: '验收中' },
  throttled: { en: 'clocked down', zh: '降频' },
  telemetry_lost: { en: 'silent', zh: '无数据' },
  measurement_changed: { en: 'measured another way', zh: '测量方式变更' },
  capacity_changed: { en: 'added or removed', zh: '容量变更' },
  same_jobs_less_efficient: { en: 'works less', zh: '负载降低' },
  same_jobs_more_efficient: { en: 'works more', zh: '负载升高' },
}

/** Of what came back. What is not here says the same of both directions. */
const RETURNS: Readonly<Partial<Record<ExplainCause, Words>>> = {
  jobs_failed: { en: 'runs again', zh: '恢复运行' },
  jobs_stalled: { en: 'works again', zh: '恢复工作' },
  failed: { en: 'back in service', zh: '恢复可用' },
  drained: { en: 'back in service', zh: '恢复上线' },
  verification: { en: 'test over', zh: '验收结束' },
  throttled: { en: 'at full clock again', zh: '恢复全速' },
  telemetry_lost: { en: 'reports again', zh: '恢复上报' },
}

/**
 * What brought utilization back, the three largest by name: `job 884311 (videogen-7, 4,096 devices, hall 2) started
 * 03:31, +7.4 points`; null = nobody could say, or nothing has a name.
 */
export function restoredBy(explain: ExplainAnswer | null, timeZone: string): Words | null {
  if (explain === null || explain.change_ppm === null || explain.change_ppm <= 0) return null
  const told = named(explain, timeZone, 1)
  return told.en === '' ? null : told
}

/** The three largest losses by name: `job 884213 (videogen-7, 4,096 devices) failed 02:51, -7.4 points`. */
const causeWords = (explain: ExplainAnswer, timeZone: string): Words => named(explain, timeZone, -1)

function named({ causes }: ExplainAnswer, timeZone: string, sign: 1 | -1): Words {
  const words = causes
    .flatMap(({ cause, contributors }) => contributors.map((told) => ({ cause, told })))
    .filter(({ told }) => told.change_ppm * sign >= NAMED_MIN_PPM)
    .sort((a, b) => (b.told.change_ppm - a.told.change_ppm) * sign)
    .slice(0, NAMED_MAX)
    .map(({ cause, told }) => changeWords(cause, told, timeZone))
  return { en: words.map(({ en }) => en).join('; '), zh: words.map(({ zh }) => zh).join('；') }
}

function changeWords(cause: ExplainCause, told: ExplainContributor, timeZone: string): Words {
  const { kind, name, tenant, cluster } = told
  const count = Math.max(1, Math.round(told.devices))
  const devices = count.toLocaleString('en-US')
  const owner = tenant === null || tenant === '' ? [] : [tenant]
  const place = cluster === '' ? [] : [cluster]
  const at = told.at === null ? '' : ` ${timeOfDay(told.at, timeZone)}`
  const isRise = told.change_ppm > 0
  const verb = (isRise ? RETURNS[cause] : undefined) ?? VERBS[cause]
  const change = `${isRise ? '+' : ''}${(told.change_ppm / POINT_PPM).toFixed(1)}`
  const noun = {
    job: { en: 'job', zh: '任务' },
    place: { en: told.node_count > 1 ? 'nodes' : 'node', zh: '节点' },
    counter: { en: 'counter', zh: '计数器' },
  }[kind]
  const who = kind === 'place' ? told.nodes || name : name
  const unit = count === 1 ? 'device' : 'devices'
  const inside = {
    en: [...owner, `${devices} ${unit}`, ...place],
    zh: [...owner, `${devices} 卡`, ...place],
  }
  return {
    en: `${noun.en} ${who} (${inside.en.join(', ')}) ${verb.en}${at}, ${change} points`,
    zh: `${noun.zh} ${who}（${inside.zh.join('，')}）${at === '' ? '' : `${at.trim()} `}${verb.zh}，${change} 个百分点`,
  }
}

const fitWords = ({ fits, where }: WaitingWork): Words => {
  const count = fits.toLocaleString('en-US')
  return {
    en: `${count} waiting accelerators fit${where === '' ? ' free devices' : ` ${where}`}: start them`,
    zh: `等待任务中 ${count} 卡可放入${where === '' ? '空闲设备' : ` ${where}`}：请启动`,
  }
}

/** `02:51` of an ISO time, in a zone. */
const timeOfDay = (at: string, timeZone: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(
    new Date(at),
  )
