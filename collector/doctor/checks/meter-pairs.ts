import type { MeterSampleRecord } from '#schemas/records.ts'
import type { Facts, TargetFacts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, text } from '../finding.ts'
import { allTargets } from '../seen-devices.ts'
import { metersIn, readingsIn } from '../seen-meters.ts'

/** Steps of energy counters that devices have, joules: 1 kWh, 0.1 kWh, 10 Wh, 1 Wh. */
const QUANTA = [3.6e6, 3.6e5, 3.6e4, 3600] as const
/** Steps that should have passed before a counter that stands is still, and before it is held against power. */
const STILL_STEPS = 3
const COMPARE_STEPS = 10
/** Power wavers between two reads; a wrong scale is off by a factor. */
const OFF_FACTOR = 2
const WATCH_MAX_S = 600

/** Energy counters against power, over two reads. */
export function checkMeterPairs(facts: Facts): Finding[] {
  const bySource = Map.groupBy(allTargets(facts), ({ source }) => source)
  return [...bySource].flatMap(([source, targets]) => {
    const verdicts = targets.flatMap(pairsOf).map(verdictOf)
    return [
      ...found(source, verdicts, 'fell'),
      ...found(source, verdicts, 'still'),
      ...found(source, verdicts, 'off'),
      ...moving(source, verdicts),
    ]
  })
}

interface Pair {
  readonly meter: string
  readonly apartS: number
  readonly from: number
  readonly to: number
  /** Mean of both reads, W. */
  readonly watts: number
}

function pairsOf(target: TargetFacts): Pair[] {
  const { first, second } = target
  if (second === null || readingsIn(first).length === 0 || readingsIn(second).length === 0)
    return []
  const later = new Map(metersIn(target, second).samples.map((sample) => [sample.meter, sample]))
  return metersIn(target, first).samples.flatMap((sample) => {
    const other = later.get(sample.meter)
    const [a, b] = [countedOf(sample), other === undefined ? null : countedOf(other)]
    if (a === null || b === null) return []
    const apartS = (second.atMs - first.atMs) / 1000
    return [
      {
        meter: sample.meter,
        apartS,
        from: a.joules,
        to: b.joules,
        watts: (a.watts + b.watts) / 2,
      },
    ]
  })
}

function countedOf({ values }: MeterSampleRecord) {
  const [joules, watts] = [values['energy_joules_total'], values['power_watts']]
  return joules === undefined || watts === undefined ? null : { joules, watts }
}

type Kind = 'fell' | 'still' | 'off' | 'moves' | 'unknown'

interface Verdict {
  readonly kind: Kind
  readonly words: string
  /** How long to watch until it can be told, s. */
  readonly needsS: number
}

const kwh = (joules: number) => `${Number((joules / 3.6e6).toPrecision(3))} kWh`

/** What a counter did, beside what its power says. */
function verdictOf({ meter, apartS, from, to, watts }: Pair): Verdict {
  const quantum = QUANTA.find((step) => [from, to].every((value) => isWhole(value / step))) ?? 1
  const expected = watts * apartS
  const delta = to - from
  const needsS = watts > 0 ? Math.ceil((quantum * STILL_STEPS) / watts) : Infinity
  const told = (kind: Kind, words = meter) => ({ kind, words, needsS })
  if (delta < 0) return told('fell', `${meter} ${kwh(from)} → ${kwh(to)}`)
  if (delta === 0)
    return expected >= quantum * STILL_STEPS
      ? told('still', `${meter} ${Math.round(watts)} W`)
      : told('unknown')
  const isOff =
    expected >= quantum * COMPARE_STEPS &&
    (delta > expected * OFF_FACTOR + quantum || delta * OFF_FACTOR < expected - quantum)
  return isOff ? told('off', `${meter} +${kwh(delta)} (power: ${kwh(expected)})`) : told('moves')
}

const isWhole = (number: number) => Math.abs(number - Math.round(number)) < 1e-6

const WORDS = {
  fell: {
    seen: text('energy counters fell', '电能计数回落'),
    why: text(
      'a counter that falls is taken as reset: what flowed since the last reading is not counted',
      '回落的计数按清零处理：上次读数之后的电能不计入',
    ),
    fix: text(
      'see who resets it; where it rolls over, enter rollover_kwh in the meter tree',
      '查明是谁清零；若是溢出回绕，在表计树中填写 rollover_kwh',
    ),
  },
  still: {
    seen: text('energy counters stand still while power flows', '有功率但电能计数不变'),
    why: text(
      'energy and PUE go by the counter: this consumption would be missing',
      '电能和 PUE 以计数为准：这部分消耗会缺失',
    ),
    fix: text(
      'watch longer (--watch 300); if it stays, enter energy: power for the meter, and see to the device',
      '观察更久（--watch 300）；若仍不变，为该表计填写 energy: power，并检查设备',
    ),
  },
  off: {
    seen: text('energy counters do not go with power', '电能计数与功率不符'),
    why: text(
      'one of the two has a wrong scale, or speaks of another part of the load; energy would be off by that factor',
      '其中之一比例有误，或对应负载的另一部分；电能会差这么多倍',
    ),
    fix: text(
      'compare both with the panel; then correct the scale, or choose one with energy: power or counter',
      '将两者与面板核对；然后更正比例，或用 energy: power 或 counter 选择其一',
    ),
  },
} as const

function found(
  source: string,
  verdicts: readonly Verdict[],
  kind: keyof typeof WORDS,
): OpenFinding[] {
  const hit = verdicts.filter((verdict) => verdict.kind === kind)
  if (hit.length === 0) return []
  const names = listed(hit.map(({ words }) => words))
  const { seen, why, fix } = WORDS[kind]
  return [
    {
      id: 'meter-counter',
      status: 'warning',
      subject: source,
      seen: text(`${seen.en}: ${names.en}`, `${seen.zh}：${names.zh}`),
      why,
      fix,
    },
  ]
}

/** Counters that moved as they should, or how long it takes to tell. */
function moving(source: string, verdicts: readonly Verdict[]): Finding[] {
  const moved = verdicts.filter(({ kind }) => kind === 'moves').length
  const open = verdicts.filter(({ kind }) => kind === 'unknown')
  const base = { id: 'meter-counter', subject: source } as const
  const findings: Finding[] = []
  if (moved > 0)
    findings.push({
      ...base,
      status: 'ok',
      seen: text(
        `${moved} of ${verdicts.length} energy counters rise as power says`,
        `${verdicts.length} 个电能计数中有 ${moved} 个随功率增长`,
      ),
    })
  const needsS = Math.min(...open.map((verdict) => verdict.needsS))
  if (open.length > 0 && moved === 0 && needsS <= WATCH_MAX_S)
    findings.push({
      ...base,
      status: 'info',
      seen: text(
        `${open.length} energy counters did not move yet; at this power a step takes longer`,
        `${open.length} 个电能计数尚未变化；在此功率下一步需要更久`,
      ),
      why: text(
        'no proof either way: counters count in steps of up to 1 kWh',
        '尚不能判断：计数的步长可达 1 kWh',
      ),
      fix: text(
        `to be sure: plimsoll doctor --watch ${needsS + 5}`,
        `要确认：plimsoll doctor --watch ${needsS + 5}`,
      ),
    })
  return findings
}
