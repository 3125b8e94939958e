import type { TargetRecord } from '#schemas/records.ts'
import {
  type FieldMemory,
  newFieldMemory,
  observeFields,
  type TargetFields,
  type ValueBag,
} from './fields.ts'
import type { Accepted } from './merge.ts'
import type { TargetRead } from './runner.ts'
import { shownAddress } from './targets/shown-address.ts'
import { clean } from './targets/target.ts'

/** A target that changes nothing is still told about this often, ms. */
const REPEAT_MS = 60_000
/** Different reasons kept per target; the rest is summed under `other`. */
const REASONS = 64
const EXAMPLES = 8
/** Last word on a target that was taken off its list; queries of collection leave it out by this reason. */
const REMOVED = 'removed'

interface TargetHealth {
  outcome: TargetRecord['outcome']
  reason: string
  sinceMs: number
  lastOkMs: number | null
  toldMs: number
  readonly rejected: Record<string, number>
  last: TargetRecord
}

/** What became of a read: refusals after the parser, and the values that passed. */
export interface ReadResult extends Pick<Accepted, 'rejected' | 'examples'> {
  /** Every device, node and link of the answer. */
  readonly values: readonly ValueBag[]
}

export interface HealthStats {
  readonly ok: number
  readonly failed: number
  readonly absent: number
  readonly rejected: number
}

export interface CollectionHealth {
  observe(read: TargetRead, result: ReadResult): void
  /** A target list, or a tool that was looked for, as one line of its own. */
  observePlace(place: PlaceHealth): void
  /** The tool of this machine was found: its target has a line of its own now. */
  forgetPlace(source: string): void
  forgetTarget(id: string): void
  stats(): HealthStats
  /** The last line of every target, for screens without a store (`plimsoll status`). */
  lines(): TargetRecord[]
}

/** Where targets come from: a list, or this machine. */
export interface PlaceHealth {
  readonly source: string
  /** `list http://…`, or the tool. */
  readonly place: string
  readonly node: string
  readonly atMs: number
  readonly outcome: TargetRecord['outcome']
  readonly reason: string
  readonly detail: string
  readonly targets: number
}

/**
 * One line per target: sent when its outcome, its version or its vanished fields change, and once a minute. A
 * dead target is one line, however many devices it had and however often it is asked.
 */
export function createHealth(
  emit: (record: TargetRecord) => void,
  /** Metrics a source usually gives. */
  expectsOf: (source: string) => readonly string[] = () => [],
): CollectionHealth {
  const targets = new Map<string, TargetHealth>()
  const fields = new Map<string, FieldMemory>()

  const note = (id: string, record: TargetRecord, rejected: Readonly<Record<string, number>>) => {
    const before = targets.get(id)
    const isChange =
      before === undefined || before.outcome !== record.outcome || before.reason !== record.reason
    const isNews = isChange || hasFieldNews(before.last, record)
    const sums = before?.rejected ?? {}
    for (const reason in rejected) addTo(sums, reason, rejected[reason] ?? 0)
    const sinceMs = isChange ? record.at_ms : before.sinceMs
    const lastOkMs = record.outcome === 'ok' ? record.at_ms : (before?.lastOkMs ?? null)
    const isDue = isNews || Math.abs(record.at_ms - before.toldMs) >= REPEAT_MS
    const last = { ...record, since_ms: sinceMs, last_ok_ms: lastOkMs, rejected: { ...sums } }
    targets.set(id, {
      outcome: record.outcome,
      reason: record.reason,
      sinceMs,
      lastOkMs,
      toldMs: isDue ? record.at_ms : before.toldMs,
      rejected: sums,
      last,
    })
    if (isDue) emit(last)
  }
  /** What the last good answer gave: a failed read says nothing about fields. */
  const fieldsNow = (read: TargetRead, { values }: ReadResult): Partial<TargetFields> => {
    const { outcome, devices, toolLabels } = read.interpretation
    if (outcome !== 'ok') {
      const { fields: given, missing, vanished, tool } = targets.get(read.id)?.last ?? {}
      if (given === undefined || missing === undefined) return {}
      return { fields: given, missing, vanished: vanished ?? [], tool: tool ?? {} }
    }
    const memory = fields.get(read.id) ?? newFieldMemory()
    fields.set(read.id, memory)
    const readable = devices.filter(({ failed }) => failed === null)
    return observeFields(memory, {
      atMs: read.atMs,
      values,
      devices: readable.length,
      expects: expectsOf(read.source),
      toolLabels,
      deviceLabels: readable[0]?.labels ?? {},
    })
  }
  const forget = (id: string) => {
    const last = targets.get(id)?.last
    fields.delete(id)
    if (!targets.delete(id) || last === undefined) return
    // Without this word it would look like a target whose collector died.
    const gone = { outcome: 'absent', reason: REMOVED, detail: '', devices: 0 } as const
    emit({ ...last, ...gone, at_ms: last.at_ms + 1 })
  }
  return {
    observe(read, result) {
      const rejected = { ...read.interpretation.rejectedByReason }
      for (const [reason, count] of Object.entries(result.rejected))
        rejected[reason] = (rejected[reason] ?? 0) + count
      const record = { ...recordOf(read, result), ...fieldsNow(read, result) }
      note(read.id, record, rejected)
    },
    observePlace(place) {
      note(`place ${place.source} ${place.place}`, placeRecord(place), {})
    },
    forgetPlace(source) {
      for (const id of targets.keys()) if (id.startsWith(`place ${source} `)) forget(id)
    },
    forgetTarget: forget,
    stats() {
      const counts = { ok: 0, failed: 0, absent: 0, rejected: 0 }
      for (const { outcome, rejected } of targets.values()) {
        counts[outcome]++
        for (const count of Object.values(rejected)) counts.rejected += count
      }
      return counts
    },
    lines: () => [...targets.values()].map(({ last }) => last),
  }
}

/** Another version or another vanished field is worth a line at once; counts wait for the minute. */
function hasFieldNews(before: TargetRecord, now: TargetRecord): boolean {
  const [gone, goneNow] = [before.vanished ?? [], now.vanished ?? []]
  if (gone.length !== goneNow.length) return true
  if (gone.some(({ metric }, at) => metric !== goneNow[at]?.metric)) return true
  const [tool, toolNow] = [before.tool ?? {}, now.tool ?? {}]
  for (const name in tool) if (tool[name] !== toolNow[name]) return true
  for (const name in toolNow) if (!(name in tool)) return true
  return false
}

function addTo(sums: Record<string, number>, reason: string, count: number): void {
  const isKnown = reason in sums || Object.keys(sums).length < REASONS
  const name = isKnown ? clean(reason) : 'other'
  sums[name] = (sums[name] ?? 0) + count
}

function recordOf(read: TargetRead, { examples }: Pick<ReadResult, 'examples'>): TargetRecord {
  const { interpretation, target } = read
  const { outcome, reason, detail, devices, rejected, nodes = [], links = [] } = interpretation
  let values = 0
  for (const { metrics } of [...devices, ...nodes, ...links])
    for (const value of Object.values(metrics)) if (value !== null) values++
  return {
    kind: 'target',
    at_ms: read.atMs,
    source: read.source,
    target: shownAddress(target.address),
    node: target.node,
    outcome,
    reason: outcome === 'ok' ? '' : clean(reason ?? 'unknown'),
    detail: outcome === 'ok' ? '' : clip(detail ?? '', 1024),
    since_ms: read.atMs,
    last_ok_ms: null,
    interval_ms: read.intervalMs,
    duration_ms: Math.round(read.durationMs * 10) / 10,
    bytes: read.bytes,
    devices: devices.length,
    readings: values,
    rejected: {},
    examples: [...rejected, ...examples]
      .slice(0, EXAMPLES)
      .map((example) => ({ line: clip(example.line, 512), reason: clean(example.reason) })),
  }
}

function placeRecord(place: PlaceHealth): TargetRecord {
  return {
    kind: 'target',
    at_ms: place.atMs,
    source: place.source,
    target: place.place.slice(0, 1024),
    node: place.node,
    outcome: place.outcome,
    reason: clean(place.reason),
    detail: clip(place.detail, 1024),
    since_ms: place.atMs,
    last_ok_ms: null,
    interval_ms: 0,
    duration_ms: 0,
    bytes: 0,
    devices: 0,
    readings: place.targets,
    rejected: {},
    examples: [],
  }
}

/** Text for a screen: control characters would move its cursor. */
const clip = (text: string, length: number) => text.replaceAll(/\p{Cc}/gu, ' ').slice(0, length)
