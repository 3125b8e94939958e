import { FACT_NAMES, type FactName } from '#schemas/faults.ts'
import type { FactRecord } from '#schemas/records.ts'
import { nodeOf } from './identity.ts'
import type { SeenDevice } from './merge.ts'
import type { TargetRead } from './runner.ts'
import { clean } from './targets/target.ts'

/** A fact that flickers (two cards that answer in turn) is told this often at most, ms. */
const CHANGE_REST_MS = 60_000
/** Facts remembered per target: eight names on the devices one target may name. */
const FACTS_PER_TARGET = 8192

interface Told {
  value: string
  atMs: number
}

export interface Facts {
  /** Tells what a read states for the first time in this run, or otherwise than before. */
  observe(read: TargetRead, seen: readonly SeenDevice[]): void
  forgetTarget(id: string): void
}

/**
 * Versions as dated facts: of the node when all its devices agree, else of each device. When that changes, the
 * level that no longer speaks is ended with an empty value, so that no old version stays beside the new ones.
 */
export function createFacts(emit: (fact: FactRecord) => void): Facts {
  const targets = new Map<string, Map<string, Told>>()
  return {
    observe(read, seen) {
      if (read.interpretation.outcome !== 'ok') return
      const told = targets.get(read.id) ?? new Map<string, Told>()
      const memory = factMemory(told, read, emit)
      const byNode = Map.groupBy(seen, ({ node }) => node)
      for (const [node, devices] of byNode)
        for (const name of FACT_NAMES) tellDevices({ node, name, devices }, memory)
      const node = nodeOfTool(read, byNode)
      const isStated = (name: FactName) =>
        byNode.get(node)?.some(({ reading }) => clean(reading.labels[name]) !== '') === true
      for (const name of FACT_NAMES) {
        const value = clean(read.interpretation.toolLabels[name])
        // A tool that no longer says it has not taken it back.
        if (value !== '' && !isStated(name)) memory.tell(node, null, name, value)
      }
      if (told.size > 0) targets.set(read.id, told)
    },
    forgetTarget: (id) => targets.delete(id),
  }
}

/** What one target told, as one read sees it. */
interface FactMemory {
  readonly tell: (node: string, key: string | null, name: FactName, value: string) => void
  readonly isTold: (node: string, key: string | null, name: FactName) => boolean
}

function factMemory(
  told: Map<string, Told>,
  read: TargetRead,
  emit: (fact: FactRecord) => void,
): FactMemory {
  const idOf = (node: string, key: string | null, name: FactName) =>
    `${name}\n${node}\n${key ?? ''}`
  return {
    isTold: (node, key, name) => (told.get(idOf(node, key, name))?.value ?? '') !== '',
    tell(node, key, name, value) {
      const id = idOf(node, key, name)
      const before = told.get(id)
      if (value === (before?.value ?? '')) return
      const isHeldBack =
        before === undefined ? told.size >= FACTS_PER_TARGET : isTooSoon(before, read.tickMs)
      if (isHeldBack) return
      told.set(id, { value, atMs: read.tickMs })
      const { source, tickMs } = read
      emit({ kind: 'fact', at_ms: tickMs, node, device_key: key, source, name, value })
    },
  }
}

const isTooSoon = ({ atMs }: Told, nowMs: number) => Math.abs(nowMs - atMs) < CHANGE_REST_MS

function tellDevices(
  of: {
    readonly node: string
    readonly name: FactName
    readonly devices: readonly SeenDevice[]
  },
  memory: FactMemory,
): void {
  const { node, name } = of
  const stated = of.devices.flatMap(({ key, reading }) => {
    const value = clean(reading.labels[name])
    return value === '' ? [] : [{ key, value }]
  })
  const values = new Set(stated.map(({ value }) => value))
  const [only] = values
  if (only === undefined) return
  if (values.size === 1) {
    memory.tell(node, null, name, only)
    for (const { key } of stated)
      if (memory.isTold(node, key, name)) memory.tell(node, key, name, '')
    return
  }
  for (const { key, value } of stated) memory.tell(node, key, name, value)
  if (memory.isTold(node, null, name)) memory.tell(node, null, name, '')
}

/** The node a tool speaks of: that of all it shows, else that of its target. */
function nodeOfTool(read: TargetRead, byNode: ReadonlyMap<string, unknown>): string {
  const said = (read.interpretation.nodes ?? []).map((node) => nodeOf(node, read.target))
  const nodes = new Set([...byNode.keys(), ...said])
  const [only] = nodes
  return nodes.size === 1 && only !== undefined ? only : read.target.node
}
