import type { Bilingual, FaultClass } from '#schemas/faults.ts'
import type { Signal } from './signals.ts'

/** How a signal is told: the event's type, what it is called, how its value is written, what to do. */
export interface SignalWords {
  readonly type: string
  readonly name: Bilingual
  readonly faultClass: FaultClass
  readonly action: Bilingual
  show(value: number): Bilingual
}

const text = (en: string, zh: string): Bilingual => ({ en, zh })
const same = (shown: string): Bilingual => text(shown, shown)
const unit =
  (name: string, factor = 1, digits = 1) =>
  (value: number): Bilingual =>
    same(`${(value * factor).toFixed(digits)} ${name}`)

const HOT = text(
  'Check facility water, valves and pumps of this unit; jobs on its racks slow down when their margin is gone.',
  '检查该单元的一次侧供水、阀门和泵；裕量耗尽后其机柜上的作业会降频。',
)
const FLOW = text(
  'Look for a stopped pump, a closed valve or a clogged filter; cold plates heat up within seconds: drain the racks of this loop if flow does not return.',
  '检查停泵、阀门关闭或过滤器堵塞；冷板会在数秒内升温：若流量不恢复，请排空该回路机柜上的作业。',
)
const COOLANT = text(
  'Take a sample of the coolant and compare it with the supplier’s limits.',
  '取冷却液样本，与供应商限值比对。',
)

/** Words of every signal; temperatures in degrees Celsius, flow in L/min, pressure in kPa. */
export const SIGNAL_WORDS: Readonly<Record<Signal, SignalWords>> = {
  supply_temperature_celsius: words(
    'coolant_temperature',
    ['supply temperature', '供液温度'],
    'thermal',
    HOT,
    unit('°C'),
  ),
  return_temperature_celsius: words(
    'coolant_temperature',
    ['return temperature', '回液温度'],
    'thermal',
    HOT,
    unit('°C'),
  ),
  temperature_celsius: words(
    'room_temperature',
    ['temperature', '温度'],
    'thermal',
    HOT,
    unit('°C'),
  ),
  flow_liters_per_minute: words('flow', ['flow', '流量'], 'cooling', FLOW, unit('L/min')),
  flow_share: words(
    'flow',
    ['flow against rated or usual', '流量（相对额定或常值）'],
    'cooling',
    FLOW,
    unit('%', 100, 0),
  ),
  supply_pressure_pascals: words(
    'coolant_pressure',
    ['supply pressure', '供液压力'],
    'cooling',
    FLOW,
    unit('kPa', 0.001),
  ),
  filter_pressure_drop_pascals: words(
    'filter',
    ['pressure drop of the filter', '过滤器压差'],
    'cooling',
    text('Change or clean the filter at the next visit.', '下次巡检时更换或清洗过滤器。'),
    unit('kPa', 0.001),
  ),
  reservoir_level_ratio: words(
    'reservoir',
    ['reservoir level', '储液罐液位'],
    'cooling',
    text(
      'Coolant is going somewhere: look for a leak, then refill.',
      '冷却液在流失：先查漏，再补液。',
    ),
    unit('%', 100, 0),
  ),
  coolant_ph: words('coolant_quality', ['coolant pH', '冷却液 pH'], 'cooling', COOLANT, (value) =>
    same(value.toFixed(2)),
  ),
  coolant_conductivity_siemens_per_meter: words(
    'coolant_quality',
    ['coolant conductivity', '冷却液电导率'],
    'cooling',
    COOLANT,
    unit('µS/cm', 10_000, 0),
  ),
  coolant_turbidity_ntu: words(
    'coolant_quality',
    ['coolant turbidity', '冷却液浊度'],
    'cooling',
    COOLANT,
    unit('NTU'),
  ),
  humidity_ratio: words(
    'humidity',
    ['relative humidity', '相对湿度'],
    'cooling',
    HOT,
    unit('%', 100, 0),
  ),
  load_ratio: words(
    'load',
    ['load', '负载率'],
    'power',
    text(
      'Move load to another feed before its breaker trips.',
      '在断路器跳闸前将负载转移到其他馈线。',
    ),
    unit('%', 100, 0),
  ),
  dew_point_margin: words(
    'dew_point',
    ['supply temperature above dew point', '供液温度高于露点'],
    'cooling',
    text(
      'Water condenses on pipes below the dew point: raise the supply set point or dry the room.',
      '低于露点时管路会结露：提高供液设定温度或为机房除湿。',
    ),
    unit('K'),
  ),
  leak: words(
    'leak',
    ['leak', '漏液'],
    'cooling',
    text(
      'Send somebody to look now; close the branch and drain the racks under it if coolant is seen.',
      '立即派人现场查看；若见冷却液，关闭该支路并排空其机柜上的作业。',
    ),
    (value) =>
      value >= 2
        ? text('critical', '严重')
        : value >= 1
          ? text('warning', '预警')
          : text('none', '无'),
  ),
  leak_detector_unavailable: words(
    'leak_detector',
    ['leak detector without an answer', '漏液检测器无应答'],
    'cooling',
    text(
      'A detector that cannot say is not a dry floor: check its rope and cable.',
      '检测器无应答不等于没有漏液：检查检测绳和线缆。',
    ),
    (value) => (value > 0 ? text('unavailable', '不可用') : text('available', '可用')),
  ),
  pump_failed: words(
    'pump',
    ['pump', '泵'],
    'cooling',
    text(
      'Check that the standby pump took over; until it is repaired the loop has no redundancy.',
      '确认备用泵已接替；修复前该回路没有冗余。',
    ),
    (value) => (value > 0 ? text('failed', '故障') : text('running', '运行')),
  ),
}

function words(
  type: string,
  [en, zh]: readonly [en: string, zh: string],
  faultClass: FaultClass,
  action: Bilingual,
  show: (value: number) => Bilingual,
): SignalWords {
  return { type, name: text(en, zh), faultClass, action, show }
}
