import type { MetricName } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import type { Facts, SourceFacts } from '../facts.ts'
import { type Finding, listed, text } from '../finding.ts'
import { bestRead } from '../seen-devices.ts'

/** Where the recommended field list of dcgm-exporter lies, for operators to copy. */
export const COUNTERS_FILE = 'deploy/dcgm-exporter/plimsoll-counters.csv'

/** Boards without profiling counters, or guests that never get them: their absence is no mistake. */
const WITHOUT_PROFILING = /\b(P4|P40|P100|M40|M60|K80|GeForce|GTX|GRID)\b/i
/** `gpu_util` from here on says "busy"; engines at exactly 0 then contradict it. */
const CLEARLY_BUSY = 0.9

/** Chips that could not be read, and profiling counters that are off or stuck. */
export function checkValues(facts: Facts): Finding[] {
  return facts.sources.flatMap((source) => {
    const devices = devicesOf(source)
    return [...unreadable(source, devices), ...profiling(source, devices)]
  })
}

interface Named {
  readonly address: string
  readonly reading: DeviceReading
}

function devicesOf(source: SourceFacts): Named[] {
  return source.targets.flatMap((target) => {
    const { outcome, devices } = bestRead(target).interpretation
    const isShown = outcome === 'ok'
    return isShown ? devices.map((reading) => ({ address: target.address, reading })) : []
  })
}

const nameOf = ({ reading }: Named) => {
  const index = reading.index === null ? '' : `#${reading.index} `
  return `${index}${reading.keys[0] ?? reading.model}`
}

function unreadable(source: SourceFacts, devices: readonly Named[]): Finding[] {
  const byReason = Map.groupBy(
    devices.filter(({ reading }) => reading.failed !== null),
    ({ reading }) => reading.failed ?? '',
  )
  return [...byReason].map(([reason, failed]): Finding => {
    const names = listed(failed.map(nameOf))
    return {
      id: 'device-unreadable',
      status: 'problem',
      subject: source.name,
      seen: text(
        `${failed.length} / ${devices.length} unreadable, ${reason}: ${names.en}`,
        `${failed.length} / ${devices.length} 无法读取，${reason}：${names.zh}`,
      ),
      why: text(
        'a tool that fails for one chip prints zeros and the word OK; taken as values that would be an idle, healthy device',
        '工具对某个芯片查询失败时会输出零和 OK；若当作数值，就成了空闲且健康的设备',
      ),
      fix: text(
        'look at dmesg for this device and at its health query (npu-smi info -t health -i N, nvidia-smi -q -i N); reset it, or reboot the node',
        '查看该设备的 dmesg 和健康查询（npu-smi info -t health -i N、nvidia-smi -q -i N）；复位设备或重启节点',
      ),
    }
  })
}

const has = (devices: readonly Named[], name: MetricName) =>
  devices.some(({ reading }) => (reading.metrics[name] ?? null) !== null)

/** Only an exporter of NVIDIA can be told to give profiling counters; its tools cannot. */
function profiling(source: SourceFacts, all: readonly Named[]): Finding[] {
  if (source.name !== 'dcgm-exporter') return []
  const devices = all.filter(
    ({ reading }) => reading.failed === null && !WITHOUT_PROFILING.test(reading.model),
  )
  if (devices.length === 0) return []
  return [...missingCounters(source, devices), ...stuckCounters(source, devices)]
}

function missingCounters(source: SourceFacts, devices: readonly Named[]): Finding[] {
  const [hasEngine, hasSm] = [
    has(devices, 'gr_engine_active_ratio'),
    has(devices, 'sm_active_ratio'),
  ]
  const base = { id: 'profiling-off', subject: source.name } as const
  if (hasEngine && hasSm)
    return [
      {
        ...base,
        status: 'ok',
        seen: text(
          'SM_ACTIVE and GR_ENGINE_ACTIVE are given',
          '已给出 SM_ACTIVE 和 GR_ENGINE_ACTIVE',
        ),
      },
    ]
  const missing = [...(hasEngine ? [] : ['GR_ENGINE_ACTIVE']), ...(hasSm ? [] : ['SM_ACTIVE'])]
  const models = listed([...new Set(devices.map(({ reading }) => reading.model))])
  const fields = missing.join(', ')
  return [
    {
      ...base,
      status: hasEngine ? 'info' : 'warning',
      seen: text(
        `no DCGM_FI_PROF field ${fields} on ${models.en}`,
        `${models.zh} 上没有 DCGM_FI_PROF 字段 ${fields}`,
      ),
      why: hasEngine
        ? text(
            'busy time is known; how much of the chip works is not (inefficient jobs stay hidden)',
            '忙碌时间已知，但芯片有多少在工作未知（低效任务会被掩盖）',
          )
        : text(
            'without them a device is judged by GPU_UTIL, which is 100 % for one tiny kernel or a process that spins on a dead peer',
            '没有它们就只能看 GPU_UTIL：一个极小的内核或空转等待的进程也会显示 100 %',
          ),
      fix: text(
        `start dcgm-exporter with our field list: dcgm-exporter -f ${COUNTERS_FILE} (Helm: a ConfigMap); boards before Hopper need SYS_ADMIN or root, and dcgmi profile --resume if it was paused`,
        `用我们的字段列表启动：dcgm-exporter -f ${COUNTERS_FILE}（Helm 用 ConfigMap）；Hopper 之前的卡需要 SYS_ADMIN 或 root；若曾暂停，运行 dcgmi profile --resume`,
      ),
    },
  ]
}

function stuckCounters(source: SourceFacts, devices: readonly Named[]): Finding[] {
  const stuck = devices.filter(({ reading: { metrics } }) => {
    const engine = metrics.gr_engine_active_ratio ?? metrics.sm_active_ratio ?? null
    return engine === 0 && (metrics.gpu_util_ratio ?? 0) >= CLEARLY_BUSY
  })
  if (stuck.length === 0) return []
  const names = listed(stuck.map(nameOf))
  return [
    {
      id: 'profiling-stuck',
      status: 'warning',
      subject: source.name,
      seen: text(
        `GPU_UTIL of 90 % or more while the engines are exactly 0: ${names.en}`,
        `GPU_UTIL ≥ 90 % 而引擎恰为 0：${names.zh}`,
      ),
      why: text(
        'profiling values can freeze at 0 after Xid 31 or long uptime; or the process only spins',
        'Xid 31 之后或长时间运行后，性能计数可能卡在 0；或进程只是空转',
      ),
      fix: text(
        'if power is high, restart dcgm-exporter (and the host engine); if power is near idle, look at the job',
        '若功率高，重启 dcgm-exporter（及 host engine）；若功率接近空闲，检查任务',
      ),
    },
  ]
}
