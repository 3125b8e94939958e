import type { FactName } from '#schemas/faults.ts'

/**
 * Names of one value in each form. Names of an entry joined by ` + ` are added up (those that are there); the
 * first entry that has a number wins. XML and -q names are paths below the GPU; all are lower case but XML's.
 */
export interface NativeNames {
  readonly xml: readonly string[]
  readonly q: readonly string[]
  readonly csv: readonly string[]
}

/** Names of the values that are neither metrics nor labels. */
export type Role =
  | 'id'
  | 'name'
  | 'uuid'
  | 'bus'
  | 'index'
  | 'attached'
  | 'recovery_action'
  | 'reset_required'
  | 'drain_and_reset'
  | 'reasons_mask'

export const ROLES: Readonly<Record<Role, NativeNames>> = {
  id: { xml: ['@id'], q: ['@id'], csv: [] },
  name: { xml: ['product_name'], q: ['product name'], csv: ['name', 'gpu_name'] },
  uuid: { xml: ['uuid'], q: ['gpu uuid'], csv: ['uuid', 'gpu_uuid'] },
  bus: {
    xml: ['pci/pci_bus_id', '@id'],
    q: ['pci/bus id', '@id'],
    csv: ['pci.bus_id', 'gpu_bus_id'],
  },
  index: { xml: [], q: [], csv: ['index'] },
  attached: { xml: ['attached_gpus'], q: ['attached gpus'], csv: ['count'] },
  recovery_action: {
    xml: ['gpu_recovery_action'],
    q: ['gpu recovery action'],
    csv: ['gpu_recovery_action'],
  },
  reset_required: {
    xml: ['gpu_reset_status/reset_required'],
    q: ['gpu reset status/reset required'],
    csv: ['reset_status.reset_required'],
  },
  drain_and_reset: {
    xml: ['gpu_reset_status/drain_and_reset_recommended'],
    q: ['gpu reset status/drain and reset recommended'],
    csv: ['reset_status.drain_and_reset_recommended'],
  },
  reasons_mask: {
    xml: [],
    q: [],
    csv: ['clocks_event_reasons.active', 'clocks_throttle_reasons.active'],
  },
}

export interface ReasonRule extends NativeNames {
  /** NVML's bit, the same as in DCGM field 112. */
  readonly bit: number
}

const reason = (bit: number, xml: string, q: string, csv: string): ReasonRule => ({
  bit,
  xml: [
    `clocks_event_reasons/clocks_event_reason_${xml}`,
    `clocks_throttle_reasons/clocks_throttle_reason_${xml}`,
  ],
  q: [`clocks event reasons/${q}`, `clocks throttle reasons/${q}`],
  csv: csv === '' ? [] : [`clocks_event_reasons.${csv}`, `clocks_throttle_reasons.${csv}`],
})

/** The named booleans behind `clock_event_reasons`. */
export const REASON_RULES: readonly ReasonRule[] = [
  reason(0x1, 'gpu_idle', 'idle', 'gpu_idle'),
  reason(
    0x2,
    'applications_clocks_setting',
    'applications clocks setting',
    'applications_clocks_setting',
  ),
  reason(0x4, 'sw_power_cap', 'sw power cap', 'sw_power_cap'),
  reason(0x8, 'hw_slowdown', 'hw slowdown', 'hw_slowdown'),
  reason(0x10, 'sync_boost', 'sync boost', 'sync_boost'),
  reason(0x20, 'sw_thermal_slowdown', 'sw thermal slowdown', 'sw_thermal_slowdown'),
  reason(0x40, 'hw_thermal_slowdown', 'hw slowdown/hw thermal slowdown', 'hw_thermal_slowdown'),
  reason(
    0x80,
    'hw_power_brake_slowdown',
    'hw slowdown/hw power brake slowdown',
    'hw_power_brake_slowdown',
  ),
  reason(0x100, 'display_clocks_setting', 'display clock setting', ''),
]

export interface LabelRule extends NativeNames {
  readonly label: FactName | 'serial' | (string & {})
}

/** Slow facts of a device. */
export const LABEL_RULES: readonly LabelRule[] = [
  {
    label: 'vbios_version',
    xml: ['vbios_version'],
    q: ['vbios version'],
    csv: ['vbios_version'],
  },
  {
    label: 'firmware_version',
    xml: ['gsp_firmware_version'],
    q: ['gsp firmware version'],
    csv: [],
  },
  { label: 'serial', xml: ['serial'], q: ['serial number'], csv: ['serial', 'gpu_serial'] },
  { label: 'brand', xml: ['product_brand'], q: ['product brand'], csv: [] },
  { label: 'architecture', xml: ['product_architecture'], q: ['product architecture'], csv: [] },
  { label: 'board_part_number', xml: ['board_part_number'], q: ['board part number'], csv: [] },
  { label: 'minor_number', xml: ['minor_number'], q: ['minor number'], csv: [] },
  {
    label: 'mig_mode',
    xml: ['mig_mode/current_mig'],
    q: ['mig mode/current'],
    csv: ['mig.mode.current'],
  },
  {
    label: 'ecc_mode',
    xml: ['ecc_mode/current_ecc'],
    q: ['ecc mode/current'],
    csv: ['ecc.mode.current'],
  },
  {
    label: 'persistence_mode',
    xml: ['persistence_mode'],
    q: ['persistence mode'],
    csv: ['persistence_mode'],
  },
  { label: 'compute_mode', xml: ['compute_mode'], q: ['compute mode'], csv: ['compute_mode'] },
  { label: 'fabric_state', xml: ['fabric/state'], q: ['fabric/state'], csv: ['fabric.state'] },
  { label: 'fabric_status', xml: ['fabric/status'], q: ['fabric/status'], csv: ['fabric.status'] },
]

/** Versions of the node: above the GPUs in XML and -q, in each row of a CSV. KMD replaces Driver from 610 on. */
export const HEAD_RULES: readonly (NativeNames & { readonly label: FactName })[] = [
  {
    label: 'driver_version',
    xml: ['kmd_version', 'driver_version'],
    q: ['kmd version', 'driver version'],
    csv: ['kmd_version', 'driver_version'],
  },
  {
    label: 'cuda_version',
    xml: ['cuda_umd_version', 'cuda_version'],
    q: ['cuda umd version', 'cuda version'],
    csv: [],
  },
]

/** Yes means that the board has a problem; the code is that of faults.ts. */
export interface FlagRule extends NativeNames {
  readonly code: string
}

export const FLAG_RULES: readonly FlagRule[] = [
  {
    code: 'sram_threshold_exceeded',
    xml: ['ecc_errors/aggregate/sram_threshold_exceeded'],
    q: ['ecc errors/aggregate/sram threshold exceeded'],
    csv: ['ecc.errors.uncorrected.aggregate.sram.thresholdexceeded'],
  },
  {
    code: 'unrepairable_memory',
    xml: ['ecc_errors/unrepairable_memory'],
    q: ['ecc errors/unrepairable memory'],
    csv: [],
  },
  {
    code: 'channel_repair_pending',
    xml: ['ecc_errors/channel_repair_pending'],
    q: ['ecc errors/channel repair pending'],
    csv: [],
  },
  {
    code: 'tpc_repair_pending',
    xml: ['ecc_errors/tpc_repair_pending'],
    q: ['ecc errors/tpc repair pending'],
    csv: [],
  },
]
