import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { isPlausible } from '#schemas/metrics.ts'
import { linkMetricDefinition, nodeMetricDefinition } from '#schemas/node-metrics.ts'
import type { LinkReading, NodeReading } from '#schemas/reading.ts'
import type { NodeSampleRecord } from '#schemas/records.ts'
import type { ValueBag } from './fields.ts'
import { keysOf, nodeOf } from './identity.ts'
import type { Accepted, SeenDevice } from './merge.ts'
import type { TargetRead } from './runner.ts'
import { clean } from './targets/target.ts'

/** Nodes and links change slowly: one sample of each per minute, however fast its source is read, ms. */
const STEP_MS = 60_000
/** What one target may name; 16 devices of 18 links, 64 ports, many times over. */
const NODES_PER_TARGET = 64
const LINKS_PER_TARGET = 2048
const EXAMPLES = 8

/** What a read said about nodes and links, range-checked. */
export interface NodeSight extends Pick<Accepted, 'rejected' | 'examples'> {
  readonly samples: readonly NodeSampleRecord[]
  readonly values: readonly ValueBag[]
}

export interface NodeSamples {
  /** Checks every read; tells the first one of each minute, and a link at once when it goes up or down. */
  observe(read: TargetRead, seen: readonly SeenDevice[]): NodeSight
  forgetTarget(id: string): void
}

interface Told {
  minuteMs: number
  /** Link or port -> whether it was up. */
  readonly isUp: Map<string, boolean>
}

/** Node and link readings on their way into records. */
export function createNodeSamples(emit: (sample: NodeSampleRecord) => void): NodeSamples {
  const targets = new Map<string, Told>()
  return {
    observe(read, seen) {
      const sight = readNodes(read, seen)
      if (sight.samples.length === 0) return sight
      const told = targets.get(read.id) ?? { minuteMs: -1, isUp: new Map<string, boolean>() }
      targets.set(read.id, told)
      const minuteMs = Math.floor(read.tickMs / STEP_MS) * STEP_MS
      const isDue = told.minuteMs !== minuteMs
      told.minuteMs = minuteMs
      for (const sample of sight.samples) if (noteLink(told.isUp, sample) || isDue) emit(sample)
      return sight
    },
    forgetTarget: (id) => targets.delete(id),
  }
}

/** True when a link is not as it was told last. */
function noteLink(isUp: Map<string, boolean>, sample: NodeSampleRecord): boolean {
  const { node, device_key, link, values } = sample
  const up = values['link_up']
  if (link === null || up === undefined) return false
  const name = `${node}\n${device_key ?? ''}\n${link}`
  const before = isUp.get(name)
  if (before !== undefined || isUp.size < LINKS_PER_TARGET) isUp.set(name, up > 0)
  return before !== undefined && before !== up > 0
}

/** The samples of one read; pure. What is refused is counted by reason, as for devices. */
export function readNodes(read: TargetRead, seen: readonly SeenDevice[]): NodeSight {
  const sight = newSight()
  const { nodes = [], links = [] } = read.interpretation
  if (nodes.length > NODES_PER_TARGET)
    sight.refuse('node_limit', `${nodes.length} nodes`, nodes.length - NODES_PER_TARGET)
  if (links.length > LINKS_PER_TARGET)
    sight.refuse('link_limit', `${links.length} links`, links.length - LINKS_PER_TARGET)
  for (const reading of nodes.slice(0, NODES_PER_TARGET))
    sight.add(nodeSample(read, reading, sight))
  const keyOf = deviceKeys(seen)
  for (const reading of links.slice(0, LINKS_PER_TARGET)) {
    const link = clean(reading.link)
    if (link === '') sight.refuse('no_identity', 'a link without a name', 1)
    else sight.add(linkSample(read, { ...reading, link }, { sight, keyOf }))
  }
  return sight.result()
}

type Sight = ReturnType<typeof newSight>

function nodeSample(read: TargetRead, reading: NodeReading, sight: Sight): NodeSampleRecord {
  const node = nodeOf(reading, read.target)
  const values = valuesInRange(reading.metrics, nodeMetricDefinition, (reason, what) =>
    sight.refuse(reason, `${node} ${what}`, 1),
  )
  return { ...head(read, node), device_key: null, link: null, values }
}

function linkSample(
  read: TargetRead,
  reading: LinkReading,
  to: { readonly sight: Sight; readonly keyOf: (key: string) => string | undefined },
): NodeSampleRecord {
  const node = nodeOf(reading, read.target)
  const { link, deviceKey } = reading
  const values = valuesInRange(reading.metrics, linkMetricDefinition, (reason, what) =>
    to.sight.refuse(reason, `${node} ${link} ${what}`, 1),
  )
  const device_key =
    deviceKey === null
      ? null
      : (to.keyOf(deviceKey) ?? keysOf({ keys: [deviceKey] }, node)[0] ?? null)
  return { ...head(read, node), device_key, link, values }
}

const head = (read: TargetRead, node: string) =>
  ({
    kind: 'node_sample',
    at_ms: read.tickMs,
    step_ms: STEP_MS,
    node,
    source: read.source,
  }) as const

/** Any key a reading gave its device -> the one it is known by. */
function deviceKeys(seen: readonly SeenDevice[]): (key: string) => string | undefined {
  const known = new Map(seen.flatMap(({ key, reading }) => reading.keys.map((own) => [own, key])))
  return (key) => known.get(key)
}

/**
 * Values inside the range of their metric; what lies outside is handed to `refuse`, names outside the catalogue
 * are left out.
 */
export function valuesInRange(
  metrics: ValueBag,
  definitionOf: (name: string) => MetricDefinition | undefined,
  refuse: (reason: string, what: string) => void,
): Record<string, number> {
  const values: Record<string, number> = {}
  for (const name in metrics) {
    const value = metrics[name]
    const definition = definitionOf(name)
    if (definition === undefined || value === null || value === undefined) continue
    if (Number.isFinite(value) && isPlausible(definition, value)) values[name] = value
    else refuse(`range:${name}`, `${name} ${value}`)
  }
  return values
}

function newSight() {
  const samples: NodeSampleRecord[] = []
  const rejected: Record<string, number> = {}
  const examples: { line: string; reason: string }[] = []
  return {
    /** A sample without a value says nothing. */
    add(sample: NodeSampleRecord) {
      if (Object.keys(sample.values).length > 0) samples.push(sample)
    },
    refuse(reason: string, line: string, count: number) {
      rejected[reason] = (rejected[reason] ?? 0) + count
      if (examples.length < EXAMPLES) examples.push({ line: line.slice(0, 512), reason })
    },
    result: (): NodeSight => ({
      samples,
      rejected,
      examples,
      values: samples.map(({ values }) => values),
    }),
  }
}
