import type { Holder } from '#schemas/batch.ts'
import type { MetricValues } from '#schemas/metrics.ts'
import { DEFAULT_PREFIX, DEVICE_RULES } from './map.ts'

/** One simulated card: identity, canonical values, who holds it, and what is wrong with it. */
export interface SimulatedMlu {
  readonly uuid: string
  readonly serial: string
  readonly slot: number
  readonly model: string
  readonly node: string
  readonly driver: string
  readonly firmware: string
  /** Canonical units; metrics that are null or absent get no row, as the exporter does it. */
  readonly metrics: MetricValues
  readonly holder: Holder | null
  /** Null for a healthy card. */
  readonly unhealthyReason: string | null
  /** Vendor codes seen since the exporter started, and how often. */
  readonly codes: ReadonlyMap<number, number>
}

/** Unit words of the exporter's HELP texts as it prints them. */
const PRINTED_UNITS: Readonly<Record<string, string>> = { b: 'B', mhz: 'MHz', gen: 'Gen' }

/** Writes the page mlu-exporter would serve for these cards: same names, labels and units. */
export function writeMluExporterPage(
  cards: readonly SimulatedMlu[],
  options: { readonly prefix?: string } = {},
): string {
  const prefix = options.prefix ?? DEFAULT_PREFIX
  const lines: string[] = []
  const family = (name: string, unit: string | null, rows: readonly string[]) => {
    if (rows.length === 0) return
    const help = `The ${name.replaceAll('_', ' ')} of Cambricon MLU`
    const printed = unit === null ? '' : `, unit is '${PRINTED_UNITS[unit] ?? unit}'`
    lines.push(
      `# HELP ${prefix}${name} ${help}${printed}`,
      `# TYPE ${prefix}${name} gauge`,
      ...rows,
    )
  }
  const row = (
    name: string,
    card: SimulatedMlu,
    value: number,
    more: Record<string, string> = {},
  ) => `${prefix}${name}{${printLabels({ ...baseLabels(card), ...more })}} ${value}`

  for (const [name, rule] of DEVICE_RULES) {
    // Two series feed one metric; the simulated card has a chip sensor only.
    if (name === 'temperature') continue
    const more: Record<string, string> = {}
    if (rule.hasVf) more['vf'] = ''
    if (rule.highest) more['memory_die'] = '0'
    const rows = cards.flatMap((card) => {
      const value = card.metrics[rule.metric]
      if (typeof value !== 'number') return []
      const native = Number(((value * rule.over) / rule.times).toFixed(6))
      return [row(name, card, native, more)]
    })
    family(name, rule.unit, rows)
  }
  family(
    'health',
    null,
    cards.map((card) =>
      row('health', card, card.unhealthyReason === null ? 1 : 0, {
        unhealth_reason: card.unhealthyReason ?? '',
      }),
    ),
  )
  family(
    'xid_error_count',
    null,
    cards.flatMap((card) =>
      [...card.codes].map(([code, count]) =>
        row('xid_error_count', card, count, {
          xid: `0x${code.toString(16).padStart(16, '0')}`,
          xid_base_10: String(code),
        }),
      ),
    ),
  )
  family(
    'container',
    null,
    cards.flatMap((card) => (card.holder === null ? [] : [holderRow(card, card.holder, row)])),
  )
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}

type PrintRow = (
  name: string,
  card: SimulatedMlu,
  value: number,
  more: Record<string, string>,
) => string

const holderRow = (card: SimulatedMlu, holder: Holder, row: PrintRow) =>
  row('container', card, 1, {
    namespace: holder.namespace ?? '',
    pod: holder.pod ?? '',
    container: holder.container ?? '',
    vf: '',
  })

const baseLabels = (card: SimulatedMlu) => ({
  driver: card.driver,
  mcu: card.firmware,
  mlu: String(card.slot),
  model: card.model,
  node: card.node,
  node_ip: '',
  sn: card.serial,
  type: card.model.replace(/-.*/, '').toLowerCase(),
  uuid: card.uuid,
})

const printLabels = (labels: Readonly<Record<string, string>>) =>
  Object.keys(labels)
    .toSorted()
    .map((name) => `${name}="${labels[name] ?? ''}"`)
    .join(',')
