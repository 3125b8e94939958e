import type { Holder } from '#schemas/batch.ts'
import type { MetricName, MetricValues } from '#schemas/metrics.ts'
import { CHIP, CHIP_RULES, MEMORY, type NativeUnit, toCanonical } from './map.ts'

/** One simulated chip: identity, canonical values, who holds it, and what is wrong with it. */
export interface SimulatedChip {
  readonly id: number
  /** As the exporter prints it: `910B3-Ascend-V1`. */
  readonly modelName: string
  /** Five groups of eight hex digits joined by `-`; null prints an empty label. */
  readonly vdie: string | null
  readonly bus: string
  /** Canonical units; metrics that are null or absent get no row, as the exporter does it. */
  readonly metrics: MetricValues
  readonly holder: Holder | null
  /** Canonical words, `8C03A000`; printed in decimal. */
  readonly faultCodes: readonly string[]
  readonly isHealthy: boolean
  readonly processIds: readonly number[]
}

export interface ExporterPageOptions {
  /** Event time of the samples, epoch ms. */
  readonly atMs: number
  readonly exporterVersion: string
  /** DDR instead of HBM series: 310P. */
  readonly hasHbm: boolean
}

/** Writes the page npu-exporter would serve for these chips: same names, labels, units and event times. */
export function writeNpuExporterPage(
  chips: readonly SimulatedChip[],
  options: ExporterPageOptions,
): string {
  const lines = [
    '# HELP machine_npu_nums Amount of npu installed on the machine.',
    '# TYPE machine_npu_nums gauge',
    `machine_npu_nums ${chips.length}`,
  ]
  const family = (name: string, rowsOf: (chip: SimulatedChip) => readonly string[]) => {
    const rows = chips.flatMap((chip) => rowsOf(chip))
    // Counters are typed gauge as well.
    if (rows.length > 0) lines.push(`# HELP ${name} ${name}`, `# TYPE ${name} gauge`, ...rows)
  }
  const row = (name: string, chip: SimulatedChip, value: number, more: Labels = {}) =>
    `${name}{${printLabels({ ...baseLabels(chip), ...more })}} ${value} ${options.atMs}`

  for (const [name, rule] of CHIP_RULES)
    family(name, (chip) =>
      valueRows(chip.metrics[rule.metric], rule.unit, (v) => row(name, chip, v)),
    )
  const memory = options.hasHbm ? MEMORY.hbm : MEMORY.ddr
  for (const [name, metric] of memorySeries(memory))
    family(name, (chip) => valueRows(chip.metrics[metric], 'mib', (v) => row(name, chip, v)))
  family(`${CHIP}health_status`, (chip) => [
    row(`${CHIP}health_status`, chip, chip.isHealthy ? 1 : 0),
  ])
  for (let at = 0; at < 10; at += 1) {
    const name = `${CHIP}error_code${at === 0 ? '' : `_${at}`}`
    family(name, (chip) => {
      const code = chip.faultCodes[at]
      return code === undefined ? [] : [row(name, chip, Number.parseInt(code, 16))]
    })
  }
  family(`${CHIP}process_info`, (chip) => processRows(chip, row))
  lines.push(`npu_exporter_version_info{exporterVersion="${options.exporterVersion}"} 1`)
  return `${lines.join('\n')}\n`
}

type Labels = Readonly<Record<string, string>>
type PrintRow = (name: string, chip: SimulatedChip, value: number, more?: Labels) => string

function memorySeries(series: { readonly used: string; readonly total: string }) {
  return [
    [series.used, 'memory_used_bytes'],
    [series.total, 'memory_total_bytes'],
  ] as const satisfies readonly (readonly [string, MetricName])[]
}

function valueRows(
  value: number | null | undefined,
  unit: NativeUnit,
  print: (native: number) => string,
): readonly string[] {
  if (typeof value !== 'number') return []
  // The exporter prints whole numbers of most units; six digits hide what the conversion adds.
  return [print(Number((value / toCanonical(1, unit)).toFixed(6)))]
}

/** One row per process; a chip without any has one row with an empty process id and the value 0. */
function processRows(chip: SimulatedChip, row: PrintRow): readonly string[] {
  const name = `${CHIP}process_info`
  const { namespace = '', pod = '', container = '' } = chip.holder ?? {}
  const joined = pod === '' ? '' : [namespace, pod, container].join('_')
  const more = (process_id: string) => ({ container_id: '', container_name: joined, process_id })
  if (chip.processIds.length === 0) return [row(name, chip, 0, more(''))]
  return chip.processIds.map((pid) => row(name, chip, 512, more(String(pid))))
}

const baseLabels = ({ id, modelName, vdie, bus, holder }: SimulatedChip): Labels => ({
  container_name: holder?.container ?? '',
  id: String(id),
  model_name: modelName,
  namespace: holder?.namespace ?? '',
  pcie_bus_info: bus,
  pod_name: holder?.pod ?? '',
  vdie_id: vdie ?? '',
})

const printLabels = (labels: Labels) =>
  Object.keys(labels)
    .toSorted()
    .map((name) => `${name}="${labels[name] ?? ''}"`)
    .join(',')
