import { BATCH_LIMITS, type BatchDevice, type Holder } from '#schemas/batch.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import type { CollectorConfig } from './config.ts'
import { clean, type Placement, type Target } from './targets/target.ts'

/** Keys as the wire takes them; anything else is no identity. */
const KEY = /^(uuid|vdie|serial|slot|mig):./u

const HOLDER_FIELDS = ['tenant', 'job', 'namespace', 'pod', 'container', 'class'] as const

/** Node a reading belongs to: the named target first, then what the output says, then the address. */
export function nodeOf(reading: Pick<DeviceReading, 'node'>, target: Target): string {
  const said = clean(reading.node ?? '')
  return target.isNodeNamed || said === '' ? target.node : said
}

/** The keys of a reading, strongest first, slot keys completed with their node. Bounded. */
export function keysOf(reading: Pick<DeviceReading, 'keys'>, node: string): string[] {
  const keys = reading.keys.map((key) => fullKey(key, node)).filter((key) => KEY.test(key))
  if (keys.length === 1) return keys
  return [...new Set(keys)].slice(0, BATCH_LIMITS.keysPerDevice)
}

function fullKey(key: string, node: string): string {
  return clean(key.startsWith('slot:') ? `slot:${node}/${key.slice('slot:'.length)}` : key)
}

/**
 * Where a whole device sits, as one text for all sources of a node; null for partitions (they share their
 * parent's place) and for readings without a bus address.
 */
export function slotOf(reading: DeviceReading, node: string): string | null {
  if (reading.bus === null || reading.parent !== null || reading.partition !== null) return null
  // Tools print PCI domains with 4 or 8 digits, in either case.
  const bus = reading.bus.toLowerCase().replace(/^0+(?=[0-9a-f]{4}:)/, '')
  return `${node} ${bus}`
}

/** True when one key names a kind of identity that the other has with another value. */
export function contradicts(known: readonly string[], found: readonly string[]): boolean {
  return found.some((key) => {
    const kind = key.slice(0, key.indexOf(':') + 1)
    if (kind === 'slot:') return false
    const same = known.filter((other) => other.startsWith(kind))
    return same.length > 0 && !same.includes(key)
  })
}

/** Known keys with new ones behind them; the first canonical key stays first for ever. */
export function joinKeys(known: readonly string[], found: readonly string[]): readonly string[] {
  const added = found.filter((key) => !known.includes(key))
  return added.length === 0 ? known : [...known, ...added].slice(0, BATCH_LIMITS.keysPerDevice)
}

/** Everything of a reading but its values is the same as last time. */
export function sameFacts(a: DeviceReading, b: DeviceReading): boolean {
  return (
    a.vendor === b.vendor &&
    a.model === b.model &&
    a.node === b.node &&
    a.index === b.index &&
    a.bus === b.bus &&
    a.parent === b.parent &&
    a.partition?.id === b.partition?.id &&
    a.partition?.profile === b.partition?.profile &&
    a.partition?.share === b.partition?.share &&
    sameList(a.keys, b.keys) &&
    sameRecord(a.labels, b.labels) &&
    HOLDER_FIELDS.every((field) => a.holder?.[field] === b.holder?.[field])
  )
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]))
}

function sameRecord(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  if (a === b) return true
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** What one source contributes to the description of a device. */
export interface Contribution {
  readonly source: string
  readonly reading: DeviceReading
  readonly target: Target
  readonly node: string
}

/** The device as a batch names it, from all its sources, first one first. Everything bounded and cleaned. */
export function describeDevice(
  keys: readonly string[],
  parts: readonly Contribution[],
  config: Pick<CollectorConfig, 'labels' | 'nodeLabels' | 'cluster'>,
): BatchDevice {
  const first = parts[0]
  if (first === undefined) throw new Error('a device without a reading cannot be described')
  const said = <T>(pick: (reading: DeviceReading) => T | null): T | null =>
    parts.map(({ reading }) => pick(reading)).find((value) => value !== null) ?? null
  const { node, target } = first
  const parent = said((reading) => reading.parent)
  const index = said((reading) => reading.index)
  return {
    keys,
    node,
    vendor: named(said((reading) => textOrNull(reading.vendor))),
    model: named(said((reading) => modelOrNull(reading.model))),
    index: index !== null && Number.isSafeInteger(index) && index >= 0 ? index : null,
    bus: said((reading) => textOrNull(reading.bus)),
    parent: parent === null || !KEY.test(fullKey(parent, node)) ? null : fullKey(parent, node),
    partition: partitionOf(parts),
    holder: cleanHolder(said((reading) => reading.holder)),
    ...placeOf(node, target, config),
    sources: [...new Set(parts.map((part) => part.source))].slice(0, BATCH_LIMITS.keysPerDevice),
    labels: joinLabels(parts, config.cluster),
  }
}

/** Field by field: a tool that names an instance may know neither its profile nor its share. */
function partitionOf(parts: readonly Contribution[]): BatchDevice['partition'] {
  const all = parts.flatMap(({ reading }) => reading.partition ?? [])
  const first = all[0]
  if (first === undefined) return null
  const same = all.filter(({ id }) => id === first.id)
  return {
    id: named(textOrNull(first.id)),
    profile: same.map(({ profile }) => textOrNull(profile)).find((one) => one !== null) ?? null,
    share: same.map(({ share }) => share).find(isShare) ?? null,
  }
}

function placeOf(
  node: string,
  target: Target,
  config: Pick<CollectorConfig, 'labels' | 'nodeLabels'>,
): Placement {
  const byNode = config.nodeLabels.get(node)
  const place = (name: keyof Placement) =>
    target[name] === '' ? clean(byNode?.[name] ?? config.labels[name]) : target[name]
  return { hall: place('hall'), rack: place('rack'), pool: place('pool') }
}

/** Labels of all sources; the first source to name one is believed. */
function joinLabels(parts: readonly Contribution[], cluster: string): Record<string, string> {
  const labels = new Map<string, string>()
  for (const { reading, target } of parts) {
    if (target.cluster !== '' && target.cluster !== cluster)
      labels.set('target_cluster', target.cluster)
    for (const [name, value] of Object.entries(reading.labels)) {
      const text = clean(name)
      if (labels.size >= BATCH_LIMITS.labelsPerDevice) break
      if (text !== '' && text !== '__proto__' && !labels.has(text)) labels.set(text, clean(value))
    }
  }
  return Object.fromEntries(labels)
}

function cleanHolder(holder: Holder | null): Holder | null {
  if (holder === null) return null
  const fields = HOLDER_FIELDS.flatMap((field) => {
    const text = clean(holder[field])
    return text === '' ? [] : [[field, text] as const]
  })
  return fields.length === 0 ? null : Object.fromEntries(fields)
}

const textOrNull = (text: string | null) => (clean(text ?? '') === '' ? null : clean(text ?? ''))
const UNKNOWN = 'unknown'
const named = (text: string | null) => text ?? UNKNOWN
/** The word of a source whose output has no model: another one may know it. */
const modelOrNull = (model: string) => (model === UNKNOWN ? null : textOrNull(model))
const isShare = (share: number | null) => share !== null && share >= 0 && share <= 1
