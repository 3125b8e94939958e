import type { SimulatedGpu } from './simulate.ts'

/** A column of `--query-gpu`: name, unit, and the value of a GPU (null = `[N/A]`). */
type Column = readonly [
  name: string,
  unit: string,
  value: (gpu: SimulatedGpu) => string | number | null,
]

const COLUMNS: readonly Column[] = [
  ['index', '', (gpu) => gpu.index],
  ['name', '', (gpu) => gpu.model],
  ['uuid', '', (gpu) => gpu.uuid],
  ['serial', '', (gpu) => gpu.serial],
  ['pci.bus_id', '', (gpu) => gpu.bus],
  ['utilization.gpu', '%', (gpu) => (gpu.mig.length > 0 ? null : gpu.utilPercent)],
  ['utilization.memory', '%', (gpu) => (gpu.mig.length > 0 ? null : gpu.memoryUtilPercent)],
  ['power.draw', 'W', (gpu) => gpu.powerWatts?.toFixed(2) ?? null],
  ['power.limit', 'W', (gpu) => gpu.powerLimitMaxWatts.toFixed(2)],
  ['enforced.power.limit', 'W', (gpu) => gpu.powerLimitWatts.toFixed(2)],
  ['power.max_limit', 'W', (gpu) => gpu.powerLimitMaxWatts.toFixed(2)],
  ['temperature.gpu', '', (gpu) => gpu.temperatureCelsius],
  ['temperature.gpu.tlimit', '', (gpu) => gpu.tlimitCelsius],
  ['temperature.memory', '', (gpu) => gpu.memoryTemperatureCelsius],
  ['memory.total', 'MiB', (gpu) => gpu.memoryTotalMib],
  ['memory.reserved', 'MiB', (gpu) => gpu.memoryReservedMib],
  ['memory.used', 'MiB', (gpu) => gpu.memoryUsedMib],
  ['clocks.current.sm', 'MHz', (gpu) => gpu.smClockMhz],
  ['clocks.max.sm', 'MHz', (gpu) => gpu.smClockMaxMhz],
  [
    'clocks_event_reasons.active',
    '',
    (gpu) => `0x${gpu.reasons.toString(16).toUpperCase().padStart(16, '0')}`,
  ],
  ['gpu_recovery_action', '', (gpu) => gpu.recoveryAction],
]

/** `--query-gpu=… --format=csv`, with or without `nounits`; the header keeps the units either way. */
export function writeNvidiaSmiCsv(
  gpus: readonly SimulatedGpu[],
  options: { readonly nounits: boolean; readonly order?: readonly number[] },
): string {
  const order = options.order ?? COLUMNS.map((_, at) => at)
  const columns = order.flatMap((at) => COLUMNS.slice(at, at + 1))
  const header = columns.map(([name, printed]) => (printed === '' ? name : `${name} [${printed}]`))
  const rows = gpus.map((gpu) =>
    columns.map(([, printed, value]) => {
      const text = value(gpu)
      if (text === null) return '[N/A]'
      return printed === '' || options.nounits ? String(text) : `${text} ${printed}`
    }),
  )
  return `${[header, ...rows].map((cells) => cells.join(', ')).join('\n')}\n`
}

/** Columns that writeNvidiaSmiCsv knows. */
export const SIMULATED_COLUMNS = COLUMNS.length
