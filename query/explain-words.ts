import type {
  ExplainAnswer,
  ExplainCause,
  ExplainContributor,
  ExplainPart,
} from '#schemas/api-explain.ts'
import { UNATTRIBUTED } from '#schemas/ledger.ts'

/** Parts a sentence names; what they leave is told as one. */
const NAMED_MAX = 4
/** Below this a part is no news: 0.05 points would be printed as 0.0 or 0.1. */
const NAMED_MIN_PPM = 500
const POINT_PPM = 10_000

export type SentenceFacts = Pick<ExplainAnswer, 'a' | 'b' | 'change_ppm' | 'causes'> & {
  /** Zone in which times of day are written. */
  readonly timeZone: string
}

type Words = Readonly<Record<'en' | 'zh', string>>

/** What a duty manager reads, in both languages; points with one digit. */
export function explainSentence(facts: SentenceFacts): Words {
  const { a, b, change_ppm, causes } = facts
  if (change_ppm === null || a.utilization === null || b.utilization === null) {
    return {
      en: 'Nothing is known of one of the two windows, so there is no change to explain.',
      zh: '两个时间段之一没有已知数据，无法解释变化。',
    }
  }
  const named = causes
    .flatMap(({ cause, contributors }) => contributors.map((told) => ({ cause, told })))
    .filter(({ told }) => Math.abs(told.change_ppm) >= NAMED_MIN_PPM)
    .sort((x, y) => Math.abs(y.told.change_ppm) - Math.abs(x.told.change_ppm))
    .slice(0, NAMED_MAX)
  const rest = named.reduce((left, { told }) => left - told.change_ppm, change_ppm)
  const isRestTold = Math.abs(rest) >= NAMED_MIN_PPM && named.length > 0
  const cut = throttledWords(causes)
  const words = (language: 'en' | 'zh') => {
    const texts = named.map(({ cause, told }) => {
      const what = contributorWords(cause, told, facts.timeZone)[language]
      return `${what}${COLON[language]}${signed(told.change_ppm)}`
    })
    if (isRestTold) texts.push(`${REST[language]}${COLON[language]}${signed(rest)}`)
    if (cut !== null) texts.push(cut[language])
    return texts
  }
  const [en, zh] = [words('en').join('; '), words('zh').join('；')]
  const head = headWords(change_ppm, a.utilization, b.utilization)
  return {
    en: en === '' ? `${head.en}.` : `${head.en}: ${en}.`,
    zh: zh === '' ? `${head.zh}。` : `${head.zh}：${zh}。`,
  }
}

const REST: Words = { en: 'all else', zh: '其他' }
const COLON: Words = { en: ': ', zh: '：' }

const points = (ppm: number) => (Math.abs(ppm) / POINT_PPM).toFixed(1)
const signed = (ppm: number) => `${ppm < 0 ? '-' : '+'}${points(ppm)}`
const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`

function headWords(change: number, from: number, to: number): Words {
  const [before, after] = [percent(from), percent(to)]
  if (Math.abs(change) < NAMED_MIN_PPM) {
    return {
      en: `Utilization did not move (${before}, then ${after})`,
      zh: `利用率没有变化（${before}，之后 ${after}）`,
    }
  }
  const [verb, word, turn] = change < 0 ? ['fell', '下降', '降至'] : ['rose', '上升', '升至']
  return {
    en: `Utilization ${verb} ${points(change)} points, from ${before} to ${after}`,
    zh: `利用率${word} ${points(change)} 个百分点，从 ${before} ${turn} ${after}`,
  }
}

/** Clock lost without a change of busy time: said, because utilization hides it. */
function throttledWords(causes: readonly ExplainPart[]): Words | null {
  const part = causes.find(({ cause }) => cause === 'throttled')
  if (part === undefined || part.device_hours < 0.1 || Math.abs(part.change_ppm) >= NAMED_MIN_PPM)
    return null
  const hours = part.device_hours.toFixed(1)
  return {
    en: `throttling changed by ${hours} device-hours, which utilization does not show`,
    zh: `降频时间变化 ${hours} 卡时，利用率不体现`,
  }
}

function contributorWords(cause: ExplainCause, told: ExplainContributor, timeZone: string): Words {
  const at = told.at === null ? null : timeOfDay(told.at, timeZone)
  const when: Words = at === null ? { en: '', zh: '' } : { en: ` at about ${at}`, zh: `约 ${at} ` }
  // What stands still is the whole job, also where the window saw it work for a while.
  const held = cause === 'jobs_stalled' ? (told.devices_still_held ?? 0) : 0
  const who = subjectWords({ ...told, devices: Math.max(told.devices, held) })
  const did = (told.change_ppm < 0 ? FELL : ROSE)[cause]
  const still = stillHolds(cause, told)
  return {
    en: `${who.en} ${did.en}${when.en}${busyWords(cause, told)}${still.en}`,
    zh: `${who.zh}${when.zh}${did.zh}${busyWords(cause, told)}${still.zh}`,
  }
}

function subjectWords({
  kind,
  name,
  tenant,
  cluster,
  devices,
  nodes,
  node_count,
}: ExplainContributor): Words {
  const count = Math.max(1, Math.round(devices))
  const inside = cluster === '' ? '' : `, ${cluster}`
  const within = cluster === '' ? '' : `，${cluster}`
  const device = count === 1 ? 'device' : 'devices'
  if (kind === 'counter')
    return {
      en: `the counter of ${count} ${device} (${name}${inside})`,
      zh: `${count} 卡的计数器（${name}${within}）`,
    }
  if (kind === 'place') {
    const where = node_count > 1 ? nodes : nodes || name
    return {
      en: `${node_count > 1 ? 'nodes' : 'node'} ${where} (${count} ${device}${inside})`,
      zh: `节点 ${where}（${count} 卡${within}）`,
    }
  }
  if (name === UNATTRIBUTED)
    return {
      en: `work that nobody names (${count} ${device}${inside})`,
      zh: `无归属的负载（${count} 卡${within}）`,
    }
  return {
    en: `job ${name} (${tenant === null || tenant === '' ? '' : `${tenant}, `}${count} ${device}${inside})`,
    zh: `任务 ${name}（${tenant === null || tenant === '' ? '' : `${tenant}，`}${count} 卡${within}）`,
  }
}

function stillHolds(
  cause: ExplainCause,
  { change_ppm, devices, devices_still_held }: ExplainContributor,
): Words {
  const isStall = cause === 'jobs_stalled' && change_ppm < 0
  // Of what stands still the job gave nothing back.
  const holdsAll = devices_still_held !== null && devices_still_held >= devices * 0.95
  return isStall && holdsAll
    ? { en: ' and still holds them', zh: '，仍占用这些设备' }
    : { en: '', zh: '' }
}

function busyWords(cause: ExplainCause, { busy_from, busy_to }: ExplainContributor): string {
  const isRate = cause === 'same_jobs_less_efficient' || cause === 'same_jobs_more_efficient'
  if (!isRate || busy_from === null || busy_to === null) return ''
  return ` (${percent(busy_from)} -> ${percent(busy_to)})`
}

const timeOfDay = (time: string, timeZone: string) =>
  new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(
    new Date(time),
  )

/** What it says of a part that took utilization down… */
const FELL: Readonly<Record<ExplainCause, Words>> = {
  jobs_failed: { en: 'ended when devices of it failed', zh: '因其设备故障而结束' },
  jobs_ended: { en: 'ended or gave devices back', zh: '结束或归还设备' },
  jobs_stalled: { en: 'stopped being busy', zh: '停止工作' },
  jobs_started: { en: 'started, less busy than the mean', zh: '启动，忙碌程度低于平均' },
  failed: { en: 'failed', zh: '故障' },
  drained: { en: 'drained', zh: '下线' },
  verification: { en: 'went into verification', zh: '进入验证' },
  throttled: { en: 'throttled', zh: '降频' },
  telemetry_lost: { en: 'changed in coverage', zh: '遥测覆盖变化' },
  measurement_changed: { en: 'changed', zh: '发生变化' },
  capacity_changed: { en: 'came or went', zh: '增减' },
  same_jobs_less_efficient: { en: 'is less busy', zh: '忙碌程度降低' },
  same_jobs_more_efficient: { en: 'is busier', zh: '忙碌程度提高' },
}

/** …and of one that took it up. */
const ROSE: Readonly<Record<ExplainCause, Words>> = {
  ...FELL,
  jobs_stalled: { en: 'works again', zh: '恢复工作' },
  jobs_started: { en: 'started or took devices', zh: '启动或占用设备' },
  failed: { en: 'recovered from failure', zh: '故障恢复' },
  drained: { en: 'back from drain', zh: '恢复上线' },
  verification: { en: 'changed verification', zh: '验证变化' },
  throttled: { en: 'throttled less', zh: '降频减少' },
}
