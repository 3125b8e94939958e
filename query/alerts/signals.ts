import type { SignalDefinition } from '#schemas/alerts/signals.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'

type Label = keyof AlertLabels
const PLACE = ['cluster', 'hall', 'rack', 'node', 'vendor'] as const satisfies readonly Label[]
const DEVICE = [...PLACE, 'device', 'tenant', 'job'] as const satisfies readonly Label[]
const RACK = ['cluster', 'hall', 'rack', 'vendor'] as const satisfies readonly Label[]

/** What one figure is; unit and labels are data. */
interface Told {
  readonly unit: string
  readonly labels: readonly Label[]
  readonly en: string
  readonly zh: string
  /**
   * `true`: every series is in every answer. `false`: only those that are beyond what is normal; one that is not named
   * is well, and those named in the last half hour are given as `well` once more.
   */
  readonly isWhole: boolean
  readonly well?: number
}

/** Every figure that rules compare, the same for each vendor. */
export const SIGNAL_TABLE = {
  forecast_zone: {
    unit: 'minutes',
    labels: ['zone_set', 'cluster', 'hall', 'model', 'pool', 'class', 'tenant'],
    isWhole: true,
    en: 'Time until utilization is expected under the danger line; a day = nothing is announced',
    zh: '预计利用率低于危险线的剩余时间；一天表示无预告',
  },
  contingency_jobs: {
    unit: 'jobs',
    labels: [],
    isWhole: true,
    en: 'Fewest running jobs whose end takes the fleet below the danger line',
    zh: '结束后使全部设备低于危险线的最少任务数',
  },
  idle_held_usd_per_hour: {
    unit: 'usd_per_hour',
    labels: ['tenant'],
    isWhole: false,
    en: 'Dollars an hour of devices that a tenant holds and does not use',
    zh: '租户占用而未使用的设备每小时费用',
  },
  idle_held_devices: {
    unit: 'devices',
    labels: ['cluster', 'tenant', 'job'],
    isWhole: false,
    en: 'Devices that a job holds and does not use',
    zh: '任务占用而未使用的设备数',
  },
  stalled_busy: {
    unit: 'ratio',
    labels: ['cluster', 'tenant', 'job', 'vendor'],
    isWhole: false,
    en: 'Power that a job which looks busy lost against its last hour',
    zh: '看似忙碌的任务相比前一小时的功率下降比例',
  },
  mass_idle: {
    unit: 'ratio',
    labels: [],
    isWhole: true,
    en: 'Share of the busy devices that went idle within five minutes',
    zh: '五分钟内由忙转闲的设备占比',
  },
  device_lost: {
    unit: 'devices',
    labels: PLACE,
    isWhole: false,
    en: 'Devices in capacity without samples on a node that reports',
    zh: '在线节点上无数据的设备数',
  },
  node_silent: {
    unit: 'devices',
    labels: PLACE,
    isWhole: false,
    en: 'Devices of a node of which none reports',
    zh: '整机无数据的节点的设备数',
  },
  ecc_uncorrected: {
    unit: 'errors',
    labels: DEVICE,
    isWhole: false,
    en: 'Memory errors that could not be corrected, in five minutes',
    zh: '五分钟内不可纠正的显存错误数',
  },
  ecc_corrected: {
    unit: 'errors',
    labels: DEVICE,
    isWhole: false,
    en: 'Corrected memory errors in five minutes',
    zh: '五分钟内已纠正的显存错误数',
  },
  remap_failed: {
    unit: 'flag',
    labels: DEVICE,
    isWhole: false,
    en: 'Spare rows of a device memory are used up',
    zh: '显存备用行已耗尽',
  },
  memory_repair_pending: {
    unit: 'flag',
    labels: DEVICE,
    isWhole: false,
    en: 'A memory repair waits for a reset',
    zh: '显存修复待复位生效',
  },
  link_errors: {
    unit: 'errors',
    labels: DEVICE,
    isWhole: false,
    en: 'Errors on links between devices in five minutes',
    zh: '五分钟内卡间互联错误数',
  },
  links_down: {
    unit: 'links',
    labels: DEVICE,
    isWhole: false,
    en: 'Links between devices that are down',
    zh: '断开的卡间互联数',
  },
  network_down: {
    unit: 'flag',
    labels: DEVICE,
    isWhole: false,
    en: 'The device’s own network port is down',
    zh: '设备自带网口断开',
  },
  network_flaps: {
    unit: 'flaps',
    labels: DEVICE,
    isWhole: false,
    en: 'Times the device’s network port came up again in five minutes',
    zh: '五分钟内设备网口重连次数',
  },
  rule_silent: {
    unit: 'rules',
    labels: ['rule', 'vendor'],
    isWhole: false,
    well: 0,
    en: 'A rule that covers nothing, or nothing of a vendor that the fleet has',
    zh: '未覆盖任何对象、或未覆盖设备中某一厂商的规则',
  },
  report_missing: {
    unit: 'hours',
    labels: [],
    isWhole: true,
    en: 'Hours since the time of a report that has not reached everybody',
    zh: '未送达全部收件方的报告距应发时间的小时数',
  },
  clock_skew: {
    unit: 'devices',
    labels: PLACE,
    isWhole: false,
    en: 'Devices of a node whose clock was off by more than 30 s',
    zh: '节点时钟偏差超过 30 秒的设备数',
  },
  thermal_throttle_devices: {
    unit: 'devices',
    labels: RACK,
    isWhole: false,
    en: 'Devices of a rack whose clocks heat cuts',
    zh: '机柜内因过热降频的设备数',
  },
  power_brake_devices: {
    unit: 'devices',
    labels: RACK,
    isWhole: false,
    en: 'Devices of a rack whose clocks a power brake cuts',
    zh: '机柜内因供电限制降频的设备数',
  },
  margin: {
    unit: 'kelvin',
    labels: RACK,
    isWhole: false,
    well: 100,
    en: 'Margin to the slowdown point that the worst 5 % of a rack keep',
    zh: '机柜最差 5 % 设备距降频点的裕量',
  },
  hot_spot_score: {
    unit: 'score',
    labels: DEVICE,
    isWhole: false,
    en: 'How far a device is hotter than its peers at the same power',
    zh: '同功率下设备相对同类的过热程度',
  },
  throttle_loss_ratio: {
    unit: 'ratio',
    labels: ['cluster', 'hall', 'vendor'],
    isWhole: true,
    en: 'Share of a day that throttling took',
    zh: '一天中因降频损失的占比',
  },
  unknown_ratio: {
    unit: 'ratio',
    labels: ['cluster', 'hall', 'vendor'],
    isWhole: true,
    en: 'Share of a day of which nothing is known',
    zh: '一天中无数据的占比',
  },
  coverage_ratio: {
    unit: 'ratio',
    labels: ['cluster', 'hall'],
    isWhole: true,
    en: 'Share of the capacity that reports',
    zh: '有数据的容量占比',
  },
  mw_swing: {
    unit: 'megawatts_per_minute',
    labels: ['cluster'],
    isWhole: true,
    en: 'Change of the power of all devices from one minute to the next',
    zh: '全部设备功率的每分钟变化',
  },
  power_capacity_ratio: {
    unit: 'ratio',
    labels: ['meter'],
    isWhole: true,
    en: 'Load of a power path by its rating',
    zh: '供电回路负载率',
  },
  pue_excess: {
    unit: 'pue',
    labels: [],
    isWhole: true,
    en: 'PUE of the last hours above that of the same load before',
    zh: '近几小时 PUE 高于同负载历史值的部分',
  },
  pipeline_lag: {
    unit: 'seconds',
    labels: [],
    isWhole: true,
    en: 'How far the figures are behind',
    zh: '数据滞后时间',
  },
  disk_fill: {
    unit: 'ratio',
    labels: ['shard'],
    isWhole: true,
    en: 'Disk of a process that stores, used',
    zh: '存储进程的磁盘使用率',
  },
  spool_fill: {
    unit: 'ratio',
    labels: ['cluster', 'collector'],
    isWhole: true,
    en: 'Spool of a collector, used',
    zh: '采集器缓存使用率',
  },
  collector_silent: {
    unit: 'seconds',
    labels: ['cluster', 'collector'],
    isWhole: true,
    en: 'Time since a collector was last heard of',
    zh: '采集器最近一次上报距今时间',
  },
  targets_failed: {
    unit: 'targets',
    labels: ['cluster', 'collector'],
    isWhole: true,
    en: 'Targets that a collector cannot read',
    zh: '采集器无法读取的目标数',
  },
  ledger_breaks: {
    unit: 'groups',
    labels: [],
    isWhole: true,
    en: 'Groups of the ledger that do not add up, and 1 where the last hour does not',
    zh: '账目不平的分组数，最近一小时不平另计 1',
  },
} as const satisfies Readonly<Record<string, Told>>

export type SignalName = keyof typeof SIGNAL_TABLE
export const SIGNAL_NAMES = Object.keys(SIGNAL_TABLE).filter(isSignalName)

export function isSignalName(name: string): name is SignalName {
  return Object.hasOwn(SIGNAL_TABLE, name)
}

/** The same as rules and screens see it. */
export const SIGNALS: readonly SignalDefinition[] = SIGNAL_NAMES.map((name) => {
  const { unit, labels, en, zh } = SIGNAL_TABLE[name]
  return { name, unit, labels, about: { en, zh } }
})

/** What a series that is no longer named is worth; null = the signal names all of them. */
export function wellValue(name: SignalName): number | null {
  const told: Told = SIGNAL_TABLE[name]
  return told.isWhole ? null : (told.well ?? 0)
}
