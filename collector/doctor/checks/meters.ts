import type { Facts, SourceFacts, TargetFacts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, text } from '../finding.ts'
import { newSignalMemory, signalsOf } from '../../thresholds/signals.ts'
import { thresholdBook } from '../../thresholds/config.ts'
import { rulesFor } from '../../thresholds/watch.ts'
import { bestRead } from '../seen-devices.ts'
import { meterSources, readingsIn, samplesOf } from '../seen-meters.ts'

/** A meter's clock may differ this much from ours, ms (as in meter-samples.ts). */
const CLOCK_MS = 60_000
const HOUR_MS = 3_600_000
/** Zones lie on quarters of an hour; a clock that is off by one of them, give or take this, has the wrong zone, ms. */
const QUARTER_MS = 900_000
const ZONE_SLACK_MS = 120_000
const NAMED = 4

/** What meters, cooling units and sensors of the site give, and what watches them. */
export function checkMeters(facts: Facts): Finding[] {
  const sources = meterSources(facts)
  return [
    ...sources.flatMap(given),
    ...facts.sources.flatMap(listeners),
    ...sources.flatMap(clocks),
    ...sources.flatMap(impossible),
    ...thresholds(facts, sources),
  ]
}

/** Which profile or map was taken, and what came. */
function given(source: SourceFacts): Finding[] {
  const samples = source.targets.flatMap(samplesOf)
  if (samples.length === 0) return []
  const points = new Set(samples.map(({ meter }) => meter))
  const things = new Set(samples.map(({ meter }) => meter.split('/', 1)[0]))
  const kinds = new Set(
    source.targets.flatMap((target) => {
      const { profile, map, mapping } = bestRead(target).interpretation.toolLabels
      return [profile, map, mapping].filter((label) => label !== undefined)
    }),
  )
  const by = kinds.size === 0 ? text('', '') : listed([...kinds], NAMED)
  return [
    {
      id: 'meters',
      status: 'ok',
      subject: source.name,
      seen: text(
        `${things.size} things, ${points.size} points${by.en === '' ? '' : `, read by ${by.en}`}`,
        `${things.size} 个设备，${points.size} 个测点${by.zh === '' ? '' : `，按 ${by.zh} 解读`}`,
      ),
    },
  ]
}

/** What comes by itself is heard by a collector only: two cannot have one port. */
function listeners(source: SourceFacts): Finding[] {
  const isEar = source.targets.some(
    (target) => bestRead(target).interpretation.reason === 'not_listening',
  )
  if (!isEar) return []
  return [
    {
      id: 'listener',
      status: 'info',
      subject: source.name,
      seen: text(
        'address and token are there; doctor itself opens no port',
        '地址和令牌已就绪；doctor 本身不打开端口',
      ),
      why: text(
        'whether senders reach it can be seen at a running collector only',
        '发送方能否连通只能在运行中的采集器上看到',
      ),
      fix: text(
        'look at its line of the collection page, or send one reading with curl (see the README of the source)',
        '查看采集页面中它的那一行，或用 curl 发送一条读数（见该来源的 README）',
      ),
    },
  ]
}

interface Off {
  readonly name: string
  readonly byMs: number
}

/** The meter's clock minus ours, of the reading that differs most; null where none is told or all agree. */
function offOf(target: TargetFacts): Off | null {
  const read = bestRead(target)
  const offs = readingsIn(read).flatMap(({ meter, atMs = null, isTimeOwn = false }) => {
    if (atMs === null) return []
    const byMs = atMs - read.atMs
    // What was filed or pushed may be as old as it likes.
    const isOff = isTimeOwn ? byMs > CLOCK_MS : Math.abs(byMs) > CLOCK_MS
    return isOff ? [{ name: meter ?? target.target.node, byMs }] : []
  })
  return offs.toSorted((a, b) => Math.abs(b.byMs) - Math.abs(a.byMs))[0] ?? null
}

function clocks(source: SourceFacts): Finding[] {
  const off = source.targets.flatMap((target) => offOf(target) ?? [])
  if (off.length === 0) return []
  const words = off.map(({ name, byMs }) => ({ name, ...lag(byMs) }))
  const [en, zh] = [
    listed(
      words.map((word) => `${word.name} ${word.en}`),
      NAMED,
    ).en,
    listed(
      words.map((word) => `${word.name} ${word.zh}`),
      NAMED,
    ).zh,
  ]
  const isZone = words.some((word) => word.isZone)
  return [
    {
      id: 'meter-clock',
      status: 'warning',
      subject: source.name,
      seen: text(`clocks differ from ours: ${en}`, `时钟与本机不同：${zh}`),
      why: text(
        'readings that are asked for carry our time; those that are filed or pushed carry theirs, and from the future are refused',
        '主动查询的读数使用本机时间；文件或推送的读数使用其自带时间，来自未来的会被拒绝',
      ),
      fix: isZone
        ? text(
            'whole hours are a time zone: set the zone of the device or export (time_zone), or let it write UTC with an offset',
            '相差整小时是时区问题：设置设备或导出的时区（time_zone），或让其写带偏移的 UTC 时间',
          )
        : text('give the device a time server (NTP)', '为设备配置时间服务器（NTP）'),
    },
  ]
}

/** `+8 h (a time zone)`, `-12 min`. */
function lag(byMs: number): { en: string; zh: string; isZone: boolean } {
  const quarters = Math.round(byMs / QUARTER_MS)
  const isZone =
    quarters !== 0 &&
    Math.abs(quarters) <= 56 &&
    Math.abs(byMs - quarters * QUARTER_MS) <= ZONE_SLACK_MS
  const sign = byMs > 0 ? '+' : '-'
  if (isZone) {
    const hours = `${sign}${Math.abs(quarters) / 4} h`
    return { en: `${hours} (a time zone)`, zh: `${hours}（时区）`, isZone }
  }
  const minutes = Math.round(Math.abs(byMs) / 60_000)
  const shown =
    Math.abs(byMs) >= 2 * HOUR_MS
      ? `${sign}${Math.round(Math.abs(byMs) / HOUR_MS)} h`
      : `${sign}${minutes} min`
  return { en: shown, zh: shown, isZone }
}

/** Reasons that speak of a wrong scale, sign or word order. */
const IMPOSSIBLE = /^(?:out_of_range|range:.*|range|jump|no_digits|unit|sentinel)$/
/** Real power above apparent power by this share is no rounding. */
const POWER_SLACK = 1.1

function impossible(source: SourceFacts): Finding[] {
  const reads = source.targets.map(bestRead)
  const counts = new Map<string, number>()
  for (const { interpretation, outOfRange } of reads)
    for (const [reason, count] of [
      ...Object.entries(interpretation.rejectedByReason),
      ...Object.entries(outOfRange),
    ])
      if (IMPOSSIBLE.test(reason)) counts.set(reason, (counts.get(reason) ?? 0) + count)
  const odd = source.targets.flatMap(samplesOf).filter(({ values }) => {
    const [real, apparent] = [values['power_watts'], values['apparent_power_voltamperes']]
    return real !== undefined && apparent !== undefined && real > apparent * POWER_SLACK
  })
  if (counts.size === 0 && odd.length === 0) return []
  const example = reads
    .flatMap(({ interpretation }) => interpretation.rejected)
    .find(({ reason }) => IMPOSSIBLE.test(reason))?.line
  const shown =
    example === undefined ? '' : ` (${example.replaceAll(/\p{Cc}/gu, ' ').slice(0, 120)})`
  const reasons = listed([...counts].map(([reason, count]) => `${reason} ${count}`)).en
  const names = listed(
    odd.map(({ meter }) => meter),
    NAMED,
  )
  const parts = [
    counts.size === 0 ? [] : [text(`refused: ${reasons}${shown}`, `被拒绝：${reasons}${shown}`)],
    odd.length === 0
      ? []
      : [text(`more watts than volt-amperes: ${names.en}`, `有功功率大于视在功率：${names.zh}`)],
  ].flat()
  return [
    {
      id: 'meter-values',
      status: 'warning',
      subject: source.name,
      seen: text(parts.map(({ en }) => en).join('; '), parts.map(({ zh }) => zh).join('；')),
      why: text(
        'a wrong scale, sign or word order gives numbers that look like readings; what is impossible is refused, what is merely wrong is not',
        '比例、符号或字序错误会产生看似读数的数字；不可能的值被拒绝，仅仅错误的值则不会',
      ),
      fix: text(
        'compare one value with the panel of the device; then correct factor, scale or word order of the map or mapping',
        '将一个值与设备面板核对；然后更正映射表中的系数、比例或字序',
      ),
    },
  ]
}

/** Which limits hold for what was seen, and what of a cooling loop none watches. */
function thresholds({ config }: Facts, sources: readonly SourceFacts[]): Finding[] {
  const book = thresholdBook(config.used.thresholds)
  const memory = newSignalMemory()
  const watched = new Map<string, number>()
  const open = new Set<string>()
  // Twice: a dew point may come behind the temperature it is compared with.
  const samples = sources.flatMap(({ targets }) => targets.flatMap(samplesOf))
  for (const sample of samples) signalsOf(sample, memory)
  for (const value of samples.flatMap((sample) => signalsOf(sample, memory))) {
    const count = rulesFor(book, value).length
    if (count > 0) watched.set(value.signal, (watched.get(value.signal) ?? 0) + 1)
    else if (LOOP_SIGNALS.has(value.signal)) open.add(`${value.meter} ${value.signal}`)
  }
  const findings: Finding[] = []
  if (watched.size > 0)
    findings.push({
      id: 'thresholds',
      status: 'ok',
      subject: '',
      seen: inForce(watched, book.entries.length),
    })
  return open.size === 0 ? findings : [...findings, unwatched([...open])]
}

/** Signals of cooling loops that should have limits somewhere. */
const LOOP_SIGNALS: ReadonlySet<string> = new Set([
  'leak',
  'leak_detector_unavailable',
  'pump_failed',
  'flow_share',
  'coolant_ph',
  'coolant_conductivity_siemens_per_meter',
  'coolant_turbidity_ntu',
])

function inForce(watched: ReadonlyMap<string, number>, own: number) {
  const names = listed([...watched].map(([signal, count]) => `${signal} ${count}`))
  return text(
    `points watched (${own} entries of your own, else defaults): ${names.en}`,
    `受监视的测点（自定义 ${own} 条，其余为默认）：${names.zh}`,
  )
}

function unwatched(open: readonly string[]): OpenFinding {
  const names = listed(open, NAMED)
  return {
    id: 'thresholds',
    status: 'info',
    subject: '',
    seen: text(`without a limit: ${names.en}`, `没有限值：${names.zh}`),
    why: text(
      'they are recorded, and nothing is said when they leave their range; chemistry depends on the coolant and has no default',
      '数值会被记录，但超出范围时不会告警；水质限值取决于冷却液，没有默认值',
    ),
    fix: text(
      'enter limits under thresholds in the configuration (docs/collector.md)',
      '在配置的 thresholds 中填写限值（docs/collector.md）',
    ),
  }
}
