import { FACT_NAMES } from '#schemas/faults.ts'
import { isMetricName, metricDefinition } from '#schemas/metrics.ts'
import { adviceFor } from '../advice.ts'
import type { Facts, ReadFacts, SourceFacts, TargetFacts } from '../facts.ts'
import { type Finding, listed, text } from '../finding.ts'
import { bestRead } from '../seen-devices.ts'
import { readingsIn } from '../seen-meters.ts'

/** Refused per accepted value beyond which a page is not merely untidy. */
const REJECTED_SHARE = 0.05

/** Looking for each source, and what one real read of each target gave. */
export function checkSources(facts: Facts): Finding[] {
  return facts.sources.flatMap((source) => [
    ...detectionFindings(source, facts),
    ...listFindings(source),
    ...failedTargets(source),
    ...readTargets(source),
    ...missingMetrics(source),
    ...rejections(source),
  ])
}

function detectionFindings(source: SourceFacts, facts: Facts): Finding[] {
  const { detection, name } = source
  const base = { id: 'source', subject: name } as const
  if (detection === null) {
    const count = source.targetsListed
    return [
      {
        ...base,
        status: 'ok',
        seen: text(`${count} target(s) listed`, `列出 ${count} 个目标`),
      },
    ]
  }
  const { looked } = detection
  if (detection.state === 'present') {
    const better = source.fallbackFor.filter((other) =>
      facts.sources.some((each) => each.name === other && each.detection?.state === 'present'),
    )
    const instead = better.length === 0 ? '' : better.join(', ')
    return [
      {
        ...base,
        status: 'ok',
        seen:
          instead === ''
            ? text(`found (${looked})`, `已找到（${looked}）`)
            : text(
                `found (${looked}); a collector reads ${instead} instead`,
                `已找到（${looked}）；采集器改为读取 ${instead}`,
              ),
      },
    ]
  }
  if (detection.state === 'absent' && !source.isNamed)
    return [{ ...base, status: 'ok', seen: text(`not here (${looked})`, `此处没有（${looked}）`) }]
  const isAbsent = detection.state === 'absent'
  const reason = isAbsent ? 'not_found' : detection.reason
  const detail = isAbsent ? null : detection.detail
  return [
    {
      ...base,
      status: 'problem',
      seen: isAbsent
        ? text(`named, but not here (${looked})`, `配置中指定，但此处没有（${looked}）`)
        : text(
            `here, but not usable: ${reason} (${looked})`,
            `存在但无法使用：${reason}（${looked}）`,
          ),
      why: text('its devices would be unknown, not idle', '其设备将是未知，而不是空闲'),
      fix: isAbsent
        ? text(
            'install the tool, put it on PATH of the collector, or take the source out of the configuration',
            '安装该工具、放入采集器的 PATH，或从配置中去掉该来源',
          )
        : adviceFor(reason, source, detail),
    },
  ]
}

function listFindings({ listFailures, name }: SourceFacts): Finding[] {
  return listFailures.map(({ list, detail }) => ({
    id: 'target-list',
    status: 'problem',
    subject: `${name} ${list}`,
    seen: text(detail, detail),
    why: text(
      'targets of this list are not read until it can be',
      '在列表可读之前，其中的目标不会被读取',
    ),
    fix: text(
      'correct the path or URL, or the list itself (see docs/collector.md)',
      '更正路径或 URL，或列表本身（见 docs/collector.md）',
    ),
  }))
}

/** One finding per reason, however many targets share it. */
function failedTargets(source: SourceFacts): Finding[] {
  const byReason = new Map<string, { targets: TargetFacts[]; detail: string | null }>()
  for (const target of source.targets) {
    const { outcome, reason, detail } = bestRead(target).interpretation
    // Nobody but the collector listens: it has a finding of its own.
    if (outcome === 'ok' || reason === 'not_listening') continue
    const key = reason ?? outcome
    const group = byReason.get(key) ?? { targets: [], detail }
    group.targets.push(target)
    byReason.set(key, group)
  }
  return [...byReason].map(([reason, { targets, detail }]): Finding => {
    const names = listed(targets.map(({ address }) => address))
    const count = `${targets.length} / ${source.targets.length}`
    return {
      id: 'targets',
      status: 'problem',
      subject: source.name,
      seen: text(
        `${count} not read, ${reason}: ${names.en}`,
        `${count} 未读到，${reason}：${names.zh}`,
      ),
      why: text(
        `${(detail ?? 'no answer').replace(/\.$/, '')}. What it would give is unknown meanwhile, which is neither idle nor good.`,
        `期间其数据为未知，既不是空闲也不代表正常。${detail ?? ''}`,
      ),
      fix: adviceFor(reason, source, detail),
    }
  })
}

const valuesOf = ({ interpretation: { devices, meters = [] } }: ReadFacts) =>
  [...devices, ...meters].reduce(
    (sum, { metrics }) => sum + Object.values(metrics).filter((value) => value !== null).length,
    0,
  )

function readTargets(source: SourceFacts): Finding[] {
  const fine = source.targets.map(bestRead).filter((read) => read.interpretation.outcome === 'ok')
  const findings: Finding[] = []
  if (fine.length > 0) {
    const devices = fine.reduce((sum, { interpretation }) => sum + interpretation.devices.length, 0)
    const points = fine.reduce((sum, read) => sum + readingsIn(read).length, 0)
    const values = fine.reduce((sum, read) => sum + valuesOf(read), 0)
    const slowest = Math.round(Math.max(...fine.map(({ durationMs }) => durationMs)))
    const labels = fine[0]?.interpretation.toolLabels ?? {}
    const versions = FACT_NAMES.filter((name) => labels[name] !== undefined)
      .map((name) => `, ${name} ${labels[name]}`)
      .join('')
    const what =
      points > 0 && devices === 0
        ? text(`${points} points of meters`, `${points} 个测点`)
        : text(`${devices} devices`, `${devices} 个设备`)
    findings.push({
      id: 'targets',
      status: 'ok',
      subject: source.name,
      seen: text(
        `${fine.length} read: ${what.en}, ${values} readings, slowest ${slowest} ms${versions}`,
        `读到 ${fine.length} 个：${what.zh}，${values} 个读数，最慢 ${slowest} ms${versions}`,
      ),
    })
  }
  const skipped = source.targetsListed - source.targets.length
  if (skipped > 0)
    findings.push({
      id: 'targets-unread',
      status: 'info',
      subject: source.name,
      seen: text(
        `${skipped} of ${source.targetsListed} targets were not tried`,
        `${source.targetsListed} 个目标中有 ${skipped} 个未尝试`,
      ),
      why: text(
        'doctor reads a sample of a long list; a running collector reads them all',
        'doctor 只抽样读取长列表；运行中的采集器会读取全部',
      ),
      fix: text(
        'for all of them: the collection page, or plimsoll status; for one: --target host:9400',
        '查看全部：采集页面或 plimsoll status；查看单个：--target host:9400',
      ),
    })
  return findings
}

/** Left to the finding that says how to turn them on. */
const PROFILED = 'dcgm-exporter'
const PROFILING: ReadonlySet<string> = new Set(['gr_engine_active_ratio', 'sm_active_ratio'])

/** Metrics that the source usually gives and no device of any target gave. */
function missingMetrics(source: SourceFacts): Finding[] {
  const devices = source.targets
    .map(bestRead)
    .filter(({ interpretation }) => interpretation.outcome === 'ok')
    .flatMap(({ interpretation }) => interpretation.devices)
    .filter(({ failed }) => failed === null)
  if (devices.length === 0) return []
  const missing = source.expects.filter(
    (name) =>
      !(source.name === PROFILED && PROFILING.has(name)) &&
      !devices.some(({ metrics }) => (metrics[name] ?? null) !== null),
  )
  if (missing.length === 0) return []
  const label = (name: string) => (isMetricName(name) ? metricDefinition(name)?.label : undefined)
  const [en, zh] = [
    listed(missing.map((name) => `${name} (${label(name)?.en ?? name})`)).en,
    listed(missing.map((name) => `${name}（${label(name)?.zh ?? name}）`)).zh,
  ]
  return [
    {
      id: 'expected-missing',
      status: 'info',
      subject: source.name,
      seen: text(`no device gave ${en}`, `没有设备给出 ${zh}`),
      why: text(
        'the tool usually gives these; an old version, a virtual machine, partitions or a short field list leave them out, and figures made from them stay unknown',
        '该工具通常会给出这些值；旧版本、虚拟机、切分或字段列表过短会缺少它们，依赖它们的数字将保持未知',
      ),
      fix: text(
        'compare the version of the tool and its field list with docs/doctor.md',
        '将工具版本及其字段列表与 docs/doctor.md 对照',
      ),
    },
  ]
}

function rejections(source: SourceFacts): Finding[] {
  const counts = new Map<string, number>()
  const reads = source.targets.map(bestRead)
  for (const { interpretation, outOfRange } of reads)
    for (const [reason, count] of [
      ...Object.entries(interpretation.rejectedByReason),
      ...Object.entries(outOfRange),
    ])
      counts.set(reason, (counts.get(reason) ?? 0) + count)
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (total === 0) return []
  const values = reads.reduce((sum, read) => sum + valuesOf(read), 0)
  const reasons = listed([...counts].map(([reason, count]) => `${reason} ${count}`))
  const example = reads.flatMap(({ interpretation }) => interpretation.rejected)[0]?.line
  const shown =
    example === undefined ? '' : `: ${example.replaceAll(/\p{Cc}/gu, ' ').slice(0, 120)}`
  return [
    {
      id: 'rejected',
      status: total > values * REJECTED_SHARE ? 'warning' : 'info',
      subject: source.name,
      seen: text(
        `${total} lines or values refused (${reasons.en})${shown}`,
        `拒绝了 ${total} 行或值（${reasons.zh}）${shown}`,
      ),
      why: text(
        'refused values are missing, never guessed; many of them mean a version or layout we do not know',
        '被拒绝的值视为缺失，绝不猜测；数量多说明版本或格式未知',
      ),
      fix: text(
        'look at them with plimsoll parse < output; send the file of --bundle if they look right to you',
        '用 plimsoll parse < 输出 查看；若您认为它们正确，请发送 --bundle 文件',
      ),
    },
  ]
}
