import type { DeviceReading } from '#schemas/reading.ts'
import type { Facts, ReadFacts, TargetFacts } from '../facts.ts'
import { type Finding, listed, type OpenFinding, type Status, text } from '../finding.ts'
import { allTargets } from '../seen-devices.ts'
import { readingsIn } from '../seen-meters.ts'

/** Repeated for this many renewals of the values: frozen beyond doubt (facts: three collect intervals). */
const RENEWALS_SURE = 3
/** Below this a device may draw nothing at all, W. */
const DRAWS_WATTS = 1
/**
 * Tools measure anew at each call: this many devices with this many values each never repeat them all,
 * power to 0.1 W among them.
 */
const TOOL_DEVICES = 2
const TOOL_VALUES = 3

/** Devices named in one finding. */
const DEVICES_NAMED = 3

/** What two reads some seconds apart say about values that do not move. */
export function checkFreshness(facts: Facts): Finding[] {
  return allTargets(facts).flatMap((target) => {
    const { first, second } = target
    if (first.interpretation.outcome !== 'ok' || second?.interpretation.outcome !== 'ok') return []
    // Registers of a meter stand still for minutes: its counter is looked at instead.
    if (first.interpretation.devices.length === 0 && readingsIn(first).length > 0) return []
    const source = facts.sources.find(({ name }) => name === target.source)
    return compare(target, [first, second], {
      refreshMs: source?.transport === 'command' ? 0 : facts.refreshMs,
    })
  })
}

interface Pace {
  /** Time in which the source renews its values, ms; 0 = at each read. */
  readonly refreshMs: number
}

function compare(
  target: TargetFacts,
  [first, second]: readonly [ReadFacts, ReadFacts],
  { refreshMs }: Pace,
): Finding[] {
  const apartMs = second.atMs - first.atMs
  const subject = `${target.source} ${target.address}`
  const pairs = pairsOf(first, second)
  const hearts = pairs.filter(([a, b]) => stands(a, b, 'heartbeat_total'))
  const findings: Finding[] =
    hearts.length > 0 ? [heartFinding(subject, hearts, gradeOf(apartMs, refreshMs), apartMs)] : []
  const still = pairs.filter(
    ([a, b]) =>
      stands(a, b, 'energy_joules_total') &&
      Math.min(a.metrics.power_watts ?? 0, b.metrics.power_watts ?? 0) > DRAWS_WATTS,
  )
  const isSamePage = first.digest !== null && first.digest === second.digest
  const isSameTool =
    refreshMs === 0 && drawing(pairs) >= TOOL_DEVICES && pairs.every(([a, b]) => repeats(a, b))
  const isSameHttp = refreshMs > 0 && isSamePage
  const moves = pairs.filter(([a, b]) => !repeats(a, b))
  if (still.length > 0 || isSameTool || isSameHttp) {
    const grade = isSameTool && still.length === 0 ? 'warning' : gradeOf(apartMs, refreshMs)
    const isSame = isSamePage || isSameTool
    findings.push(frozenFinding({ subject, still, isSame, apartMs, refreshMs, grade }))
  } else if (moves.length > 0)
    findings.push({
      id: 'fresh',
      status: 'ok',
      subject,
      seen: text(
        `values of ${moves.length} / ${pairs.length} devices moved within ${seconds(apartMs)}`,
        `${seconds(apartMs)} 内 ${moves.length} / ${pairs.length} 个设备的值有变化`,
      ),
    })
  return findings
}

type Pair = readonly [DeviceReading, DeviceReading]

function pairsOf(first: ReadFacts, second: ReadFacts): Pair[] {
  // A tool may learn a stronger key between its calls: any key they share will do.
  const later = new Map(
    second.interpretation.devices.flatMap((reading) => reading.keys.map((key) => [key, reading])),
  )
  return first.interpretation.devices.flatMap((reading) => {
    const key = reading.keys.find((each) => later.has(each))
    const other = key === undefined ? undefined : later.get(key)
    return other === undefined ? [] : [[reading, other] as const]
  })
}

function stands(
  a: DeviceReading,
  b: DeviceReading,
  name: 'energy_joules_total' | 'heartbeat_total',
) {
  const value = a.metrics[name] ?? null
  return value !== null && value === (b.metrics[name] ?? null)
}

const drawing = (pairs: readonly Pair[]) =>
  pairs.filter(([a]) => (a.metrics.power_watts ?? 0) > DRAWS_WATTS).length

/** Every value that both reads have is the same; a device with hardly any values proves nothing. */
function repeats(a: DeviceReading, b: DeviceReading): boolean {
  const later = new Map(Object.entries(b.metrics))
  const both = Object.entries(a.metrics).filter(
    ([name, value]) => value !== null && (later.get(name) ?? null) !== null,
  )
  return both.length >= TOOL_VALUES && both.every(([name, value]) => later.get(name) === value)
}

/** An exporter that renews every 30 s repeats itself for 30 s: that is no freeze, and no proof against one. */
function gradeOf(apartMs: number, refreshMs: number): Exclude<Status, 'ok'> {
  if (apartMs >= refreshMs * RENEWALS_SURE) return 'problem'
  return apartMs > refreshMs ? 'warning' : 'info'
}

const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`

interface Frozen {
  readonly subject: string
  readonly still: readonly Pair[]
  readonly isSame: boolean
  readonly apartMs: number
  readonly refreshMs: number
  readonly grade: Exclude<Status, 'ok'>
}

function frozenFinding(frozen: Frozen): OpenFinding {
  const { subject, still, isSame, apartMs, refreshMs, grade } = frozen
  const names = listed(
    still.map(([a]) => a.keys[0] ?? a.model),
    DEVICES_NAMED,
  )
  const page = isSame
    ? text('the same answer twice', '两次应答完全相同')
    : text('new answers', '应答不同')
  const energy =
    still.length === 0
      ? text('', '')
      : text(
          `; energy stands still while power is drawn: ${names.en}`,
          `；有功率但能耗不增长：${names.zh}`,
        )
  const isOpen = grade === 'info'
  const watchS = Math.ceil((refreshMs * RENEWALS_SURE) / 1000) + 5
  return {
    id: isOpen ? 'fresh' : 'frozen',
    status: grade,
    subject,
    seen: text(
      `${page.en} within ${seconds(apartMs)}${energy.en}`,
      `${seconds(apartMs)} 内${page.zh}${energy.zh}`,
    ),
    why: isOpen
      ? text(
          `no proof either way: exporters renew their values every ${seconds(refreshMs)} only`,
          `尚不能判断：导出器每 ${seconds(refreshMs)} 才更新一次数值`,
        )
      : text(
          'a frozen source shows the last good values for ever: a dead device looks busy, or idle',
          '冻结的来源会一直显示最后的正常值：死掉的设备看起来忙碌或空闲',
        ),
    fix: isOpen
      ? text(
          `to be sure: plimsoll doctor --watch ${watchS} (--refresh S if the exporter renews faster)`,
          `要确认：plimsoll doctor --watch ${watchS}（若导出器更新更快，用 --refresh S）`,
        )
      : text(
          'restart the exporter or the host engine behind it; look at dmesg for a device that hangs',
          '重启导出器或其背后的 host engine；查看 dmesg 是否有挂起的设备',
        ),
  }
}

function heartFinding(
  subject: string,
  hearts: readonly Pair[],
  grade: Exclude<Status, 'ok'>,
  apartMs: number,
): OpenFinding {
  const names = listed(hearts.map(([a]) => a.keys[0] ?? a.model))
  return {
    id: 'heartbeat',
    status: grade,
    subject,
    seen: text(
      `heart beat stands still for ${seconds(apartMs)}: ${names.en}`,
      `心跳停止 ${seconds(apartMs)}：${names.zh}`,
    ),
    why: text(
      "the driver counts heart beats of the device's firmware; without them its other values are old",
      '驱动统计设备固件的心跳；没有心跳，其他值就是旧值',
    ),
    fix: text(
      'watch longer (--watch 30); if it stays, reset the device or reboot the node',
      '观察更久（--watch 30）；若仍停止，复位设备或重启节点',
    ),
  }
}
