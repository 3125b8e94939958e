import type { DeviceReading } from '#schemas/reading.ts'
import type { Tracked } from '../merge.ts'
import { createRegistry } from '../registry.ts'
import type { Facts, ReadFacts, TargetFacts } from './facts.ts'

/** One source's view of a device. */
export interface View {
  readonly source: string
  readonly target: TargetFacts
  readonly reading: DeviceReading
}

/** A device across its sources, joined exactly as the collector joins them. */
export interface SeenDevice {
  readonly keys: readonly string[]
  readonly node: string
  readonly views: readonly View[]
}

/** The read to judge a target by: the first that worked, else the first. */
export function bestRead({ first, second }: TargetFacts): ReadFacts {
  return first.interpretation.outcome !== 'ok' && second?.interpretation.outcome === 'ok'
    ? second
    : first
}

/** Every target that was read, of every source. */
export const allTargets = (facts: Facts): TargetFacts[] =>
  facts.sources.flatMap(({ targets }) => targets)

/** What all targets showed, one entry per device or partition. */
export function seenDevices(facts: Facts): SeenDevice[] {
  const registry = createRegistry()
  const found = new Map<Tracked, { node: string; views: View[] }>()
  for (const target of allTargets(facts)) {
    const { interpretation, atMs, durationMs } = bestRead(target)
    const read = {
      id: `${target.source} ${target.target.address}`,
      source: target.source,
      target: target.target,
      tickMs: facts.atMs,
      intervalMs: 60_000,
      atMs,
      durationMs,
      bytes: 0,
      interpretation,
    }
    for (const { tracked, reading, node } of registry.resolve(read, () => undefined).devices) {
      const entry = found.get(tracked) ?? { node, views: [] }
      entry.views.push({ source: target.source, target, reading })
      found.set(tracked, entry)
    }
  }
  return [...found].map(([tracked, entry]) => ({ keys: tracked.keys, ...entry }))
}

const isPart = (reading: DeviceReading) => reading.partition !== null || reading.parent !== null

/** Whole devices: partitions count as the one device they are cut from, also when it has no row itself. */
export function wholeDevices(devices: readonly SeenDevice[]): SeenDevice[] {
  const wholes = devices.filter(({ views }) => !views.some(({ reading }) => isPart(reading)))
  const known = new Set(wholes.flatMap(({ keys }) => keys))
  const orphans = new Map<string, SeenDevice>()
  for (const device of devices) {
    const parent = device.views.find(({ reading }) => isPart(reading))?.reading.parent ?? null
    if (parent === null || known.has(parent)) continue
    const key = `${device.node} ${parent}`
    if (!orphans.has(key)) orphans.set(key, { ...device, keys: [parent] })
  }
  return [...wholes, ...orphans.values()]
}

/** What a person calls the device: its index and node, and the strongest key. */
export function deviceName({ keys, node, views }: SeenDevice): string {
  const index = views[0]?.reading.index ?? null
  return `${node}${index === null ? '' : ` #${index}`} (${keys[0] ?? 'no key'})`
}

/** PCI address with a 4-digit domain and lower case, as sysfs writes it. */
export function sysfsAddress(bus: string): string {
  const short = bus.toLowerCase().replace(/^0+(?=[0-9a-f]{4}:)/, '')
  return /\.[0-7]$/.test(short) ? short : `${short}.0`
}
