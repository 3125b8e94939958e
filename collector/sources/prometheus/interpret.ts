import type { Holder } from '#schemas/batch.ts'
import { isMetricName, type MetricValues } from '#schemas/metrics.ts'
import {
  isLinkMetricName,
  isNodeMetricName,
  type LinkMetricValues,
  type NodeMetricValues,
} from '#schemas/node-metrics.ts'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import {
  type ExpositionPage,
  type ExpositionRow,
  parseExposition,
} from '../../formats/exposition.ts'
import { createRejections, detached, type Rejections } from '../../formats/rejections.ts'
import { entitiesOf, type Entity, type Refuse, type WantedNames } from './entities.ts'
import {
  type Failure,
  EMPTY_PAGE,
  NO_KNOWN_METRIC,
  NO_VALUES,
  NOT_METRICS,
  TOO_LARGE,
} from './faults.ts'
import { matchesGlob } from '../../formats/glob.ts'
import { fits } from './filters.ts'
import { labelOf } from './identity.ts'
import { LIMITS, type Refusal } from './limits.ts'
import { seriesKey, valuesOf } from './map.ts'
import { metersOf, meterNames } from './meters.ts'
import { definitionOf, type DeviceRule, type Mapping } from './mapping.ts'

export const SOURCE_NAME = 'prometheus'

/**
 * Reads a page by the mapping that fits it best: the one that finds most of its metrics there, the first named of
 * equals. Never throws; a page without anything a mapping knows is a failure, not a node that idles.
 */
export function interpretPage(bytes: Uint8Array, mappings: readonly Mapping[]): Interpretation {
  const rejections = createRejections<Refusal>()
  const page = parseExposition(bytes, (line, reason) => rejections.add(line, reason))
  const cut = rejections.byReason()
  // Sums and counts over part of a page would be wrong without looking wrong.
  if (cut.series_limit !== undefined || cut.too_many_bytes !== undefined)
    return emptyOf(rejections, TOO_LARGE)
  const mapping = fittest(page, mappings)
  if (mapping !== null) return interpretRows(page.rows, mapping, rejections)
  const names = mappings.map(({ name }) => name).join(', ')
  const failure =
    page.rows.length > 0
      ? NO_KNOWN_METRIC(names)
      : rejections.examples().length > 0
        ? NOT_METRICS
        : EMPTY_PAGE
  return {
    ...emptyOf(rejections, failure),
    ignored: [...new Set(page.rows.map(({ name }) => name))].sort().slice(0, LIMITS.ignoredNames),
  }
}

/** How many metrics of a mapping are on a page; what it drops or only looks at does not count. */
export function fitOf(names: ReadonlySet<string>, mapping: Mapping): number {
  const rules = [...mapping.metrics, ...(mapping.meters?.metrics ?? [])]
  return new Set(rules.flatMap(({ from }) => from).filter((name) => names.has(name))).size
}

function fittest(page: ExpositionPage, mappings: readonly Mapping[]): Mapping | null {
  const names = new Set(page.rows.map(({ name }) => name))
  let best: Mapping | null = null
  let bestFit = 0
  for (const mapping of mappings) {
    const fit = fitOf(names, mapping)
    if (fit > bestFit) [best, bestFit] = [mapping, fit]
  }
  return best
}

function interpretRows(
  rows: readonly ExpositionRow[],
  mapping: Mapping,
  rejections: Rejections<Refusal>,
): Interpretation {
  const refuse: Refuse = (row, reason) => rejections.add(row.line, reason)
  const wanted = wantedNames(mapping)
  const facts = new Set(mapping.facts.map(({ from }) => from))
  const ignored = new Set<string>()
  const seen = new Set<string>()
  const isDropped = dropperOf(mapping)
  const kept = rows.filter((row) => {
    if (isDropped(row)) return false
    const isWanted =
      wanted.node.has(row.name) ||
      wanted.device.has(row.name) ||
      wanted.link.has(row.name) ||
      wanted.meter.has(row.name)
    if (!isWanted) {
      if (!facts.has(row.name) && ignored.size < 10_000) ignored.add(row.name)
      return false
    }
    const key = `${row.name} ${seriesKey(row.labels)}`
    if (!seen.has(key)) return seen.add(key)
    refuse(row, 'duplicate_series')
    return false
  })
  const { nodes, devices, links } = entitiesOf(kept, mapping, wanted, refuse)
  const readings = {
    meters: metersOf(kept, mapping.meters, refuse),
    devices: devices.map((entity) => deviceOf(entity, mapping, refuse)),
    nodes: nodes.flatMap((entity) => {
      const metrics = nodeValues(valuesOf(entity, mapping, 'node', refuse))
      return Object.keys(metrics).length === 0 ? [] : [{ node: entity.node, metrics }]
    }),
    links: links.flatMap((entity) => {
      const metrics = linkValues(valuesOf(entity, mapping, 'link', refuse))
      if (Object.keys(metrics).length === 0) return []
      const deviceKey = entity.names[0] ?? null
      return [{ node: entity.node, deviceKey, link: detached(entity.link ?? ''), metrics }]
    }),
  }
  const count = Object.values(readings).reduce((sum, { length }) => sum + length, 0)
  return {
    ...emptyOf(rejections, count === 0 ? NO_VALUES(mapping.name) : null),
    ...readings,
    ignored: [...ignored].sort().slice(0, LIMITS.ignoredNames),
    toolLabels: { mapping: mapping.name, ...factsOf(rows, mapping) },
  }
}

function wantedNames(mapping: Mapping): WantedNames & { readonly meter: ReadonlySet<string> } {
  const wanted = {
    node: new Set<string>(),
    device: new Set<string>(),
    link: new Set<string>(),
    meter: new Set(meterNames(mapping.meters)),
  }
  for (const rule of mapping.metrics) {
    const scope = definitionOf(rule.to)?.scope ?? 'node'
    for (const name of [...rule.from, rule.per, rule.only_if?.metric])
      if (name !== undefined) wanted[scope].add(name)
  }
  for (const name of mapping.device?.info ?? []) wanted.device.add(name)
  return wanted
}

/** The rules of `drop` for a row; which of them speak of a metric is decided once per name. */
function dropperOf({ drop }: Mapping): (row: ExpositionRow) => boolean {
  const byName = new Map<string, Mapping['drop']>()
  return ({ name, labels }) => {
    const rules =
      byName.get(name) ??
      drop.filter(({ metrics }) => metrics.some((pattern) => matchesGlob(name, pattern)))
    byName.set(name, rules)
    return rules.some(({ where }) => fits(labels, where))
  }
}

function deviceOf(entity: Entity, mapping: Mapping, refuse: Refuse): DeviceReading {
  const rule: DeviceRule | undefined = mapping.device
  const rows = [...entity.rows.values()].flat()
  const said = (labels: readonly string[] | undefined): string | null => {
    for (const row of rows) {
      const text = labelOf(row, labels)
      if (text !== null) return detached(text)
    }
    return null
  }
  const labels: Record<string, string> = {}
  for (const [name, from] of Object.entries(rule?.labels ?? {})) {
    const text = said(from)
    if (text !== null) labels[name] = text
  }
  const position = /^slot:index(\d+)\//
  const positions = entity.names.flatMap((name) => position.exec(name)?.[1] ?? [])
  const lasting = entity.names.filter((name) => !position.test(name))
  // Renumbered devices trade places under a position: it names a device only where nothing else does.
  const keys = (lasting.length > 0 ? lasting : entity.names).map((name) => detached(name))
  if (lasting.length === 0) labels['identity'] = 'positional'
  const bus = keys.find((key) => key.startsWith('slot:') && !position.test(key))
  return {
    keys,
    vendor: rule?.vendor ?? '',
    model: said(rule?.model.labels) ?? rule?.model.otherwise ?? '',
    node: entity.node,
    index: positions[0] === undefined ? null : Number(positions[0]),
    bus: bus === undefined ? null : bus.slice('slot:'.length, -'/0'.length),
    parent: null,
    partition: null,
    holder: holderOf(said, rule?.pod),
    metrics: deviceValues(valuesOf(entity, mapping, 'device', refuse)),
    labels,
    failed: null,
  }
}

function holderOf(
  said: (labels: readonly string[] | undefined) => string | null,
  pod: DeviceRule['pod'],
): Holder | null {
  const fields = (['namespace', 'pod', 'container'] as const).flatMap((field) => {
    const text = said(pod?.[field])
    return text === null ? [] : [[field, text] as const]
  })
  return fields.length === 0 ? null : Object.fromEntries(fields)
}

function factsOf(rows: readonly ExpositionRow[], mapping: Mapping): Record<string, string> {
  const facts: Record<string, string> = {}
  for (const { from, label, to } of mapping.facts) {
    const row = rows.find(({ name }) => name === from)
    const text = row === undefined ? null : labelOf(row, [label])
    if (text !== null) facts[to] = detached(text)
  }
  return facts
}

function deviceValues(values: ReadonlyMap<string, number>): MetricValues {
  const metrics: MetricValues = {}
  for (const [name, value] of values) if (isMetricName(name)) metrics[name] = value
  return metrics
}

function nodeValues(values: ReadonlyMap<string, number>): NodeMetricValues {
  const metrics: NodeMetricValues = {}
  for (const [name, value] of values) if (isNodeMetricName(name)) metrics[name] = value
  return metrics
}

function linkValues(values: ReadonlyMap<string, number>): LinkMetricValues {
  const metrics: LinkMetricValues = {}
  for (const [name, value] of values) if (isLinkMetricName(name)) metrics[name] = value
  return metrics
}

function emptyOf(rejections: Rejections<Refusal>, failure: Failure | null): Interpretation {
  return {
    source: SOURCE_NAME,
    outcome: failure === null ? 'ok' : 'failed',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices: [],
    events: [],
    rejected: rejections.examples(),
    rejectedByReason: rejections.byReason(),
    ignored: [],
    toolLabels: {},
  }
}
