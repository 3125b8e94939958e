import { meterId } from '#schemas/meter-id.ts'
import type { MeterLimit, MeterLimits } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { TargetRead } from '../runner.ts'
import type { ThresholdRule } from './defaults.ts'
import { type Signal, SIGNALS, thingOf } from './signals.ts'
import { SIGNAL_WORDS } from './words.ts'

/** Values whose limits one collector keeps. */
const VALUES_MAX = 50_000
/** Limits that stay as they are are told again this often, ms: who looks for them looks back some weeks. */
const AGAIN_MS = 86_400_000

/** What devices said of their own limits. */
export interface DeviceLimits {
  /** Takes the limits of a read; calls `onChange` with the key of each value whose limits are others now. */
  learn(read: TargetRead): void
  /** Rules of a value by its key; empty = its device keeps none. */
  rulesOf(key: string): readonly ThresholdRule[]
}

/** Key of a value. */
export const valueKey = (meter: string, signal: string): string => `${meter}\n${signal}`

interface Known {
  readonly rules: readonly ThresholdRule[]
  readonly codes: readonly string[]
  toldMs: number
}

/**
 * Limits that devices keep themselves. They stand in for the defaults of their side, never for what the site set. Each side is told as an
 * event `device_limits` that stays open while it holds: its code is `<point> <signal> <side> <warning or -> <alarm or -> <device | site>`, the
 * last word says whose limits count.
 */
export function createDeviceLimits(deps: {
  readonly emit: (event: EventRecord) => void
  /** Whether the site has an entry of its own for this value. */
  readonly isSetBySite: (meter: string, signal: Signal) => boolean
  readonly onChange: (key: string) => void
}): DeviceLimits {
  const { emit, isSetBySite, onChange } = deps
  const known = new Map<string, Known>()
  const take = (read: TargetRead, of: MeterLimits) => {
    const meter = meterId(of.meter ?? read.target.node, of.point)
    const signal = SIGNALS.find((name) => name === of.metric)
    if (meter === null || signal === undefined) return
    const key = valueKey(meter, signal)
    const before = known.get(key)
    if (before === undefined && (of.limits.length === 0 || known.size >= VALUES_MAX)) return
    const whose = isSetBySite(meter, signal) ? 'site' : 'device'
    const sides = sidesOf(of.limits).map((side) => ({ ...side, meter, signal, whose }) as const)
    const codes = sides.map(codeOf)
    const isSame = before?.codes.join('\n') === codes.join('\n')
    if (isSame && read.tickMs - before.toldMs < AGAIN_MS) return
    for (const code of before?.codes ?? []) if (!codes.includes(code)) emit(ended(read, code))
    for (const side of sides) emit(told(read, side))
    known.set(key, { rules: rulesOf(of.limits, signal, meter), codes, toldMs: read.tickMs })
    if (!isSame) onChange(key)
  }
  return {
    learn(read) {
      for (const of of read.interpretation.limits ?? []) take(read, of)
    },
    rulesOf: (key) => known.get(key)?.rules ?? [],
  }
}

/** One rule per limit: each has a delay of its own. */
const rulesOf = (
  limits: readonly MeterLimit[],
  signal: Signal,
  meter: string,
): readonly ThresholdRule[] =>
  limits.map(({ side, level, set, reset, delayMs }) => ({
    signal,
    meters: meter,
    side,
    warn: level === 'warning' ? { set, reset } : null,
    alarm: level === 'alarm' ? { set, reset } : null,
    delayMs,
    isDevices: true,
  }))

interface Side {
  readonly side: MeterLimit['side']
  readonly warn: number | null
  readonly alarm: number | null
}

interface ToldSide extends Side {
  readonly meter: string
  readonly signal: Signal
  readonly whose: 'site' | 'device'
}

const sidesOf = (limits: readonly MeterLimit[]): Side[] =>
  (['high', 'low'] as const).flatMap((side) => {
    const own = limits.filter((limit) => limit.side === side)
    const setOf = (level: MeterLimit['level']) =>
      own.find((limit) => limit.level === level)?.set ?? null
    return own.length === 0 ? [] : [{ side, warn: setOf('warning'), alarm: setOf('alarm') }]
  })

const codeOf = ({ meter, signal, side, warn, alarm, whose }: ToldSide): string =>
  [meter, signal, side, warn ?? '-', alarm ?? '-', whose].join(' ')

const head = (read: TargetRead, meter: string) =>
  ({
    kind: 'event',
    at_ms: read.tickMs,
    node: thingOf(meter),
    device_key: null,
    source: read.source,
    type: 'device_limits',
    severity: 'info',
  }) as const

function told(read: TargetRead, of: ToldSide): EventRecord {
  const { meter, signal, side, warn, alarm, whose } = of
  const words = SIGNAL_WORDS[signal]
  const [beyond, beyondZh] = side === 'high' ? ['from', '高于'] : ['down to', '低于']
  const shown = (language: 'en' | 'zh') =>
    [
      ...(warn === null ? [] : [[WARNING[language], words.show(warn)[language]]]),
      ...(alarm === null ? [] : [[ALARM[language], words.show(alarm)[language]]]),
    ].map(([name, value]) =>
      language === 'en' ? `${name} ${beyond} ${value}` : `${beyondZh} ${value} ${name}`,
    )
  const isUsed = whose === 'device'
  return {
    ...head(read, meter),
    code: codeOf(of),
    edge: 'open',
    message: `${meter}: the device’s own limits of ${words.name.en}: ${shown('en').join(', ')}; ${isUsed ? 'they count' : 'the site set others, which count'}`,
    message_zh: `${meter}：设备自带的${words.name.zh}限值：${shown('zh').join('，')}；${isUsed ? '以此为准' : '站点另有设定，以站点为准'}`,
  }
}

const WARNING = { en: 'warning', zh: '预警' } as const
const ALARM = { en: 'alarm', zh: '报警' } as const

function ended(read: TargetRead, code: string): EventRecord {
  const meter = code.split(' ', 1)[0] ?? ''
  return {
    ...head(read, meter),
    code,
    edge: 'closed',
    message: `${meter}: the device has other limits now`,
    message_zh: `${meter}：设备限值已更改`,
  }
}
