import type { MetricName } from '#schemas/metrics.ts'
import type { Facts, SourceFacts } from '../facts.ts'
import { type Finding, listed, text } from '../finding.ts'
import { bestRead, deviceName, type SeenDevice, seenDevices, type View } from '../seen-devices.ts'
import { vendorOfReading } from '../vendors.ts'

/**
 * How far two tools may be apart about one device in one moment. Power and temperature are averaged over
 * different seconds; memory totals differ by what the driver reserves. Utilization is left out: tools look
 * at different windows (facts: GPU_UTIL 91 beside GR_ENGINE_ACTIVE 0.156 on a healthy T4).
 */
const TOLERANCES: readonly {
  readonly metric: MetricName
  readonly unit: string
  readonly scale: number
  readonly absolute: number
  readonly relative: number
}[] = [
  { metric: 'power_watts', unit: 'W', scale: 1, absolute: 60, relative: 0.4 },
  { metric: 'temperature_celsius', unit: '°C', scale: 1, absolute: 10, relative: 0 },
  { metric: 'memory_total_bytes', unit: 'MiB', scale: 2 ** 20, absolute: 2 ** 30, relative: 0.06 },
  {
    metric: 'memory_used_bytes',
    unit: 'MiB',
    scale: 2 ** 20,
    absolute: 4 * 2 ** 30,
    relative: 0.1,
  },
]

/** Two sources that see the same device: do they say the same, and do they see the same devices? */
export function checkAgreement(facts: Facts): Finding[] {
  const devices = seenDevices(facts)
  return [...disagreements(devices), ...seenByOne(facts, devices)]
}

function disagreements(devices: readonly SeenDevice[]): Finding[] {
  return devices.flatMap((device): Finding[] => {
    const [first, ...others] = device.views.filter(({ reading }) => reading.failed === null)
    if (first === undefined) return []
    const said = others.flatMap((other) => differences(first, other))
    if (said.length === 0) return []
    const words = listed(said)
    return [
      {
        id: 'sources-disagree',
        status: 'warning',
        subject: deviceName(device),
        seen: words,
        why: text(
          'one of the two is stale, reads another device, or has its units wrong; the collector believes the source that stands first in its configuration',
          '其中一个已陈旧、读的是另一个设备或单位有误；采集器相信配置中排在前面的来源',
        ),
        fix: text(
          'run doctor again: if it stays, compare both outputs by hand and send the file of --bundle',
          '再次运行 doctor：若仍存在，手动比较两个输出，并发送 --bundle 文件',
        ),
      },
    ]
  })
}

function differences(a: View, b: View): string[] {
  return TOLERANCES.flatMap(({ metric, unit, scale, absolute, relative }) => {
    const [left, right] = [a.reading.metrics[metric] ?? null, b.reading.metrics[metric] ?? null]
    if (left === null || right === null) return []
    const apart = Math.abs(left - right)
    if (apart <= Math.max(absolute, relative * Math.max(left, right))) return []
    const shown = (value: number) => `${Math.round(value / scale)} ${unit}`
    return [`${metric}: ${a.source} ${shown(left)}, ${b.source} ${shown(right)}`]
  })
}

/** Sources of one node and vendor that both work, one of which lacks a device. */
function seenByOne(facts: Facts, devices: readonly SeenDevice[]): Finding[] {
  const working = facts.sources.filter((source) =>
    source.targets.some((target) => bestRead(target).interpretation.outcome === 'ok'),
  )
  const groups = Map.groupBy(
    devices.filter(({ views }) => views.every(({ reading }) => reading.partition === null)),
    ({ node, views }) => `${node} ${vendorOfReading(views[0]?.reading.vendor ?? '') ?? '?'}`,
  )
  return [...groups].flatMap(([group, members]) => {
    const names = working
      .map(({ name }) => name)
      .filter((name) => members.some(({ views }) => views.some((view) => view.source === name)))
    if (names.length < 2) return []
    return names.flatMap((name) => lacking(group, name, members, working))
  })
}

function lacking(
  group: string,
  name: string,
  members: readonly SeenDevice[],
  working: readonly SourceFacts[],
): Finding[] {
  const missing = members.filter(({ views }) => !views.some(({ source }) => source === name))
  const isJoined = members.some(({ views }) => views.length > 1)
  if (missing.length === 0 || working.length < 2) return []
  const devices = listed(missing.map(deviceName))
  return [
    {
      id: 'seen-by-one',
      status: 'warning',
      subject: `${name} ${group}`,
      seen: text(
        `${missing.length} / ${members.length} are shown by another source, not by this one: ${devices.en}`,
        `${missing.length} / ${members.length} 由其他来源显示，但此来源没有：${devices.zh}`,
      ),
      why: isJoined
        ? text(
            'a lost device vanishes from one tool first; an exporter started before a change keeps its old list',
            '丢失的设备会先从某个工具中消失；变更之前启动的导出器保留旧列表',
          )
        : text(
            'the two name no common UUID, serial or bus address, so their devices cannot be joined and count twice',
            '两者没有共同的 UUID、序列号或总线地址，其设备无法合并，会被重复计数',
          ),
      fix: isJoined
        ? text(
            'restart the exporter; if the device stays away, look at dmesg',
            '重启导出器；若设备仍缺失，查看 dmesg',
          )
        : text(
            'read only one of the two (name it in the configuration), or turn on the identity query of the tool',
            '只读取其中一个（在配置中指定），或启用该工具的身份查询',
          ),
    },
  ]
}
