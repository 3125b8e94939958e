import type { DeviceReading } from '#schemas/reading.ts'
import {
  type MetricName,
  type MetricValues,
  isPlausible,
  metricDefinition,
} from '#schemas/metrics.ts'
import type { LinkMetricValues } from '#schemas/node-metrics.ts'
import type { Rejections } from './lines.ts'
import { canonicalModel } from './model.ts'

/** What the answers of the tool say about one chip, gathered until all of them are read. */
export interface DeviceDraft {
  /** Null when no line named the card (a single pasted answer). */
  readonly npu: number | null
  readonly chip: number
  printedName: string
  readonly hasPhyId: boolean
  /** Phy-ID or Device of the table: the index others know the chip by. */
  index: number | null
  bus: string | null
  /** Five hex groups joined by `-`, the exporter's spelling. */
  vdie: string | null
  /** A vNPU: its board answer has no die of its own. */
  isVirtual: boolean
  toolVersion: string | null
  ddrTotalMb: number | null
  readonly metrics: MetricValues
  /** HCCS links by their number, from 1. */
  readonly links: Map<number, LinkMetricValues>
  readonly labels: Map<string, string>
  readonly faultCodes: string[]
  faultText: string
  failed: string | null
}

export const VENDOR = 'huawei'

export function newDraft(
  npu: number | null,
  chip: number,
  start: Partial<
    Pick<DeviceDraft, 'printedName' | 'hasPhyId' | 'index' | 'bus' | 'toolVersion'>
  > = {},
): DeviceDraft {
  return {
    npu,
    chip,
    printedName: '',
    hasPhyId: false,
    index: null,
    bus: null,
    toolVersion: null,
    vdie: null,
    isVirtual: false,
    ddrTotalMb: null,
    metrics: {},
    links: new Map(),
    labels: new Map(),
    faultCodes: [],
    faultText: '',
    failed: null,
    ...start,
  }
}

/** Writes one metric in canonical units; an implausible value becomes null and is counted. */
export function setMetric(
  draft: DeviceDraft,
  metric: MetricName,
  value: number | null,
  rejections: Rejections,
): void {
  const definition = metricDefinition(metric)
  if (value !== null && definition !== undefined && !isPlausible(definition, value)) {
    rejections.add(
      `NPU ${draft.npu ?? '?'} chip ${draft.chip} ${metric} = ${value}`,
      'out_of_range',
    )
    draft.metrics[metric] = null
  } else draft.metrics[metric] = value
}

/** Keeps a slow fact, cut to what a label may hold; empty and `NA` values are no facts. */
export function setLabel(draft: DeviceDraft, name: string, value: string): void {
  if (value !== '' && value !== 'NA') draft.labels.set(name, value.slice(0, 256))
}

/** `42C711D4 20B03704 …` or joined by `-` -> joined by `-`, upper case; null unless five hex groups. */
export function canonicalVdie(text: string): string | null {
  const groups = text
    .trim()
    .toUpperCase()
    .split(/[\s-]+/)
  const valid = groups.length === 5 && groups.every((group) => /^[0-9A-F]{1,8}$/.test(group))
  if (!valid || groups.every((group) => /^0+$/.test(group))) return null
  return groups.map((group) => group.padStart(8, '0')).join('-')
}

/**
 * Keys of a device, strongest first. A `slot:` key holds the bus (or the card number where the tool
 * prints no bus) and the chip; the runner puts the node in front. Where the Phy-ID is known it is a name too:
 * an exporter that tells no bus names the chip by it.
 */
export function deviceKeys(draft: DeviceDraft): string[] {
  const place = draft.bus ?? `npu${draft.npu ?? '-unknown'}`
  const phyId = draft.labels.get('phy_id')
  return [
    ...(draft.vdie === null ? [] : [`vdie:${draft.vdie}`]),
    `slot:${place}/${draft.chip}`,
    ...(phyId === undefined ? [] : [`slot:phy${phyId}/${draft.chip}`]),
  ]
}

/** The tool prints 0 for the AI Cores of a vNPU whatever they do: nothing was measured. */
function forgetForcedZero(draft: DeviceDraft): void {
  setLabel(draft, 'virtual', 'vNPU')
  if (draft.metrics.aicore_ratio === 0) draft.metrics.aicore_ratio = null
}

/** The finished reading of a draft. A failed chip keeps its identity and no metric but its health. */
export function toReading(draft: DeviceDraft): DeviceReading {
  const model = canonicalModel(draft.printedName, draft)
  if (draft.isVirtual) forgetForcedZero(draft)
  if (draft.npu !== null) setLabel(draft, 'npu', String(draft.npu))
  setLabel(draft, 'chip', String(draft.chip))
  setLabel(draft, 'printed_model', draft.printedName)
  setLabel(draft, 'fault_codes', draft.faultCodes.join(','))
  return {
    keys: deviceKeys(draft),
    vendor: VENDOR,
    model,
    node: null,
    // Without a Phy-ID or Device column the card number is the index; it is no index of a second die.
    index: draft.index ?? (draft.chip === 0 ? draft.npu : null),
    bus: draft.bus,
    parent: null,
    partition: null,
    holder: null,
    metrics: draft.metrics,
    labels: Object.fromEntries(draft.labels),
    failed: draft.failed,
  }
}
