import type { MetricName } from '#schemas/metrics.ts'
import type { Form } from './capture.ts'
import {
  FLAG_RULES,
  HEAD_RULES,
  LABEL_RULES,
  type NativeNames,
  REASON_RULES,
  ROLES,
} from './map-facts.ts'
import type { ValueKind } from './values.ts'

export interface MetricRule extends NativeNames {
  readonly metric: MetricName
  readonly kind: ValueKind
  /** Printed 0 means that there is no such thing. */
  readonly zeroIsMissing?: boolean
}

const rule = (
  metric: MetricName,
  kind: ValueKind,
  names: NativeNames,
  zeroIsMissing = false,
): MetricRule => ({ metric, kind, ...names, zeroIsMissing })

const REASONS = 'clocks_event_reasons_counters'

/** `power_readings` until schema v11, `gpu_power_readings` since; 610 nests the limits (its XML: by analogy). */
const limitNames = (v11: string, since: string): readonly string[] => [
  `gpu_power_readings/gpu_ceiling_power_limit/${since}`,
  `gpu_power_readings/${since}`,
  `power_readings/${v11}`,
]
const qLimitNames = (old: string, since: string): readonly string[] => [
  `gpu power readings/gpu ceiling power limit/${since}`,
  `gpu power readings/${since}`,
  `power readings/${old}`,
]

/** Native value -> canonical metric, in the order of preference. */
export const METRIC_RULES: readonly MetricRule[] = [
  rule('gpu_util_ratio', 'percent', {
    xml: ['utilization/gpu_util'],
    q: ['utilization/gpu'],
    csv: ['utilization.gpu'],
  }),
  rule('memory_controller_busy_ratio', 'percent', {
    xml: ['utilization/memory_util'],
    q: ['utilization/memory'],
    csv: ['utilization.memory'],
  }),
  rule('encoder_busy_ratio', 'percent', {
    xml: ['utilization/encoder_util'],
    q: ['utilization/encoder'],
    csv: ['utilization.encoder'],
  }),
  rule('decoder_busy_ratio', 'percent', {
    xml: ['utilization/decoder_util'],
    q: ['utilization/decoder'],
    csv: ['utilization.decoder'],
  }),
  // The average is what DCGM gives too; boards without one print the momentary value only.
  rule('power_watts', 'watts', {
    xml: [
      'gpu_power_readings/power_draw',
      'gpu_power_readings/average_power_draw',
      'gpu_power_readings/instant_power_draw',
      'power_readings/power_draw',
    ],
    q: [
      'gpu power readings/power draw',
      'gpu power readings/average power draw',
      'gpu power readings/instantaneous power draw',
      'power readings/power draw',
    ],
    csv: ['power.draw', 'power.draw.average', 'power.draw.instant'],
  }),
  rule('power_limit_watts', 'watts', {
    xml: limitNames('enforced_power_limit', 'current_power_limit'),
    q: qLimitNames('enforced power limit', 'current power limit'),
    csv: ['enforced.power.limit'],
  }),
  rule('power_limit_default_watts', 'watts', {
    xml: limitNames('default_power_limit', 'default_power_limit'),
    q: qLimitNames('default power limit', 'default power limit'),
    csv: ['power.default_limit'],
  }),
  rule('power_limit_max_watts', 'watts', {
    xml: limitNames('max_power_limit', 'max_power_limit'),
    q: qLimitNames('max power limit', 'max power limit'),
    csv: ['power.max_limit'],
  }),
  rule('temperature_celsius', 'celsius', {
    xml: ['temperature/gpu_temp'],
    q: ['temperature/gpu current temp'],
    csv: ['temperature.gpu'],
  }),
  rule(
    'memory_temperature_celsius',
    'celsius',
    {
      xml: ['temperature/memory_temp'],
      q: ['temperature/memory current temp'],
      csv: ['temperature.memory'],
    },
    true,
  ),
  rule('temperature_margin_celsius', 'celsius', {
    xml: ['temperature/gpu_temp_tlimit'],
    q: ['temperature/gpu t.limit temp', 'temperature/gpu current t.limit temp'],
    csv: ['temperature.gpu.tlimit'],
  }),
  // `slow`, not `max`: gpu_temp_max_threshold is where the board shuts down.
  rule('temperature_slowdown_celsius', 'celsius', {
    xml: ['temperature/gpu_temp_slow_threshold'],
    q: ['temperature/gpu slowdown temp', 'temperature/gpu slowdown temp specification'],
    csv: [],
  }),
  rule('sm_clock_hertz', 'hertz', {
    xml: ['clocks/sm_clock'],
    q: ['clocks/sm'],
    csv: ['clocks.current.sm', 'clocks.sm'],
  }),
  rule('sm_clock_max_hertz', 'hertz', {
    xml: ['max_clocks/sm_clock'],
    q: ['max clocks/sm'],
    csv: ['clocks.max.sm'],
  }),
  rule('memory_clock_hertz', 'hertz', {
    xml: ['clocks/mem_clock'],
    q: ['clocks/memory'],
    csv: ['clocks.current.memory', 'clocks.mem'],
  }),
  rule('memory_used_bytes', 'bytes', {
    xml: ['fb_memory_usage/used'],
    q: ['fb memory usage/used'],
    csv: ['memory.used'],
  }),
  rule('memory_free_bytes', 'bytes', {
    xml: ['fb_memory_usage/free'],
    q: ['fb memory usage/free'],
    csv: ['memory.free'],
  }),
  rule('memory_reserved_bytes', 'bytes', {
    xml: ['fb_memory_usage/reserved'],
    q: ['fb memory usage/reserved'],
    csv: ['memory.reserved'],
  }),
  rule('memory_total_bytes', 'bytes', {
    xml: ['fb_memory_usage/total'],
    q: ['fb memory usage/total'],
    csv: ['memory.total'],
  }),
  rule('throttle_power_seconds_total', 'seconds', {
    xml: [`${REASONS}/${REASONS}_sw_power_cap`],
    q: ['clocks event reasons counters/sw power capping'],
    csv: [`${REASONS}.sw_power_cap`],
  }),
  rule('throttle_thermal_seconds_total', 'seconds', {
    xml: [`${REASONS}/${REASONS}_sw_therm_slowdown + ${REASONS}/${REASONS}_hw_therm_slowdown`],
    q: [
      'clocks event reasons counters/sw thermal slowdown + clocks event reasons counters/hw thermal slowdown',
    ],
    csv: [`${REASONS}.sw_thermal_slowdown + ${REASONS}.hw_thermal_slowdown`],
  }),
  rule('throttle_hardware_seconds_total', 'seconds', {
    xml: [`${REASONS}/${REASONS}_hw_power_brake`],
    q: ['clocks event reasons counters/hw power braking'],
    csv: [`${REASONS}.hw_power_brake_slowdown`],
  }),
  rule('pcie_tx_bytes_per_second', 'rate', {
    xml: ['pci/tx_util'],
    q: ['pci/tx throughput'],
    csv: [],
  }),
  rule('pcie_rx_bytes_per_second', 'rate', {
    xml: ['pci/rx_util'],
    q: ['pci/rx throughput'],
    csv: [],
  }),
  rule('pcie_replay_total', 'count', {
    xml: ['pci/replay_counter'],
    q: ['pci/replays since reset'],
    csv: [],
  }),
  rule('pcie_link_generation', 'count', {
    xml: ['pci/pci_gpu_link_info/pcie_gen/current_link_gen'],
    q: ['pci/gpu link info/pcie generation/current'],
    csv: ['pcie.link.gen.current', 'pcie.link.gen.gpucurrent'],
  }),
  rule('pcie_link_generation_max', 'count', {
    xml: ['pci/pci_gpu_link_info/pcie_gen/max_link_gen'],
    q: ['pci/gpu link info/pcie generation/max'],
    csv: ['pcie.link.gen.max', 'pcie.link.gen.gpumax'],
  }),
  rule('pcie_link_width', 'lanes', {
    xml: ['pci/pci_gpu_link_info/link_widths/current_link_width'],
    q: ['pci/gpu link info/link width/current'],
    csv: ['pcie.link.width.current'],
  }),
  rule('pcie_link_width_max', 'lanes', {
    xml: ['pci/pci_gpu_link_info/link_widths/max_link_width'],
    q: ['pci/gpu link info/link width/max'],
    csv: ['pcie.link.width.max'],
  }),
  rule('fan_ratio', 'percent', { xml: ['fan_speed'], q: ['fan speed'], csv: ['fan.speed'] }),
  rule('performance_state', 'pstate', {
    xml: ['performance_state'],
    q: ['performance state'],
    csv: ['pstate'],
  }),
  rule('voltage_volts', 'volts', {
    xml: ['voltage/graphics_volt'],
    q: ['voltage/graphics'],
    csv: [],
  }),
  // Until Volta one total per block; since then SRAM and DRAM apart, SRAM's uncorrectable ones in two parts lately.
  ...eccRules('volatile', 'ecc_corrected_total', 'ecc_uncorrected_total'),
  ...eccRules('aggregate', 'ecc_corrected_lifetime_total', 'ecc_uncorrected_lifetime_total'),
  rule('retired_pages_total', 'count', {
    xml: [
      'retired_pages/multiple_single_bit_retirement/retired_count + retired_pages/double_bit_retirement/retired_count',
    ],
    q: ['retired pages/single bit ecc + retired pages/double bit ecc'],
    csv: ['retired_pages.single_bit_ecc.count + retired_pages.double_bit.count'],
  }),
  rule('retired_pages_pending', 'flag', {
    xml: ['retired_pages/pending_blacklist', 'retired_pages/pending_retirement'],
    q: ['retired pages/pending page blacklist', 'retired pages/pending'],
    csv: ['retired_pages.pending'],
  }),
  rule('remapped_rows_corrected_total', 'count', {
    xml: ['remapped_rows/remapped_row_corr'],
    q: ['remapped rows/correctable error'],
    csv: ['remapped_rows.correctable'],
  }),
  rule('remapped_rows_uncorrected_total', 'count', {
    xml: ['remapped_rows/remapped_row_unc'],
    q: ['remapped rows/uncorrectable error'],
    csv: ['remapped_rows.uncorrectable'],
  }),
  rule('row_remap_pending', 'flag', {
    xml: ['remapped_rows/remapped_row_pending'],
    q: ['remapped rows/pending'],
    csv: ['remapped_rows.pending'],
  }),
  rule('row_remap_failed', 'flag', {
    xml: ['remapped_rows/remapped_row_failure'],
    q: ['remapped rows/remapping failure occurred'],
    csv: ['remapped_rows.failure'],
  }),
  rule('remap_banks_exhausted', 'count', {
    xml: ['remapped_rows/row_remapper_histogram/row_remapper_histogram_none'],
    q: ['remapped rows/bank remap availability histogram/none'],
    csv: ['remapped_rows.histogram.none'],
  }),
]

function eccRules(
  period: 'volatile' | 'aggregate',
  corrected: MetricName,
  uncorrected: MetricName,
): MetricRule[] {
  const xml = `ecc_errors/${period}`
  const q = `ecc errors/${period}`
  return [
    rule(corrected, 'count', {
      xml: [`${xml}/single_bit/total`, `${xml}/sram_correctable + ${xml}/dram_correctable`],
      q: [`${q}/single bit/total`, `${q}/sram correctable + ${q}/dram correctable`],
      csv: [
        `ecc.errors.corrected.${period}.total`,
        `ecc.errors.corrected.${period}.sram + ecc.errors.corrected.${period}.dram`,
      ],
    }),
    rule(uncorrected, 'count', {
      xml: [
        `${xml}/double_bit/total`,
        `${xml}/sram_uncorrectable + ${xml}/sram_uncorrectable_parity + ${xml}/sram_uncorrectable_secded + ${xml}/dram_uncorrectable`,
      ],
      q: [
        `${q}/double bit/total`,
        `${q}/sram uncorrectable + ${q}/sram uncorrectable parity + ${q}/sram uncorrectable sec-ded + ${q}/dram uncorrectable`,
      ],
      csv: [
        `ecc.errors.uncorrected.${period}.total`,
        `ecc.errors.uncorrected.${period}.sram + ecc.errors.uncorrected.${period}.dram`,
      ],
    }),
  ]
}

/** Memory of a MIG device: that of its GPU instance, repeated by each of its compute instances. */
export const MIG_RULES: readonly MetricRule[] = (
  ['used', 'free', 'reserved', 'total'] as const
).map((part) =>
  rule(`memory_${part}_bytes`, 'bytes', {
    xml: [`fb_memory_usage/${part}`],
    q: [`shared fb memory usage/${part}`, `fb memory usage/${part}`],
    csv: [],
  }),
)

/** Native names of a rule's entry that are added up. */
export const summands = (entry: string): string[] => entry.split(' + ')

const emittedNames = (form: Form): ReadonlySet<string> =>
  new Set(
    [
      ...METRIC_RULES,
      ...REASON_RULES,
      ...LABEL_RULES,
      ...HEAD_RULES,
      ...FLAG_RULES,
      ...Object.values(ROLES),
    ].flatMap((names) => names[form].flatMap(summands)),
  )

/** Everything of a GPU that becomes a metric, a label, an event or identity, by form. The rest is listed as ignored. */
export const EMITTED: Readonly<Record<Form, ReadonlySet<string>>> = {
  xml: emittedNames('xml'),
  q: emittedNames('q'),
  csv: emittedNames('csv'),
}
