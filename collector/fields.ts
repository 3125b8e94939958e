import type { TargetRecord } from '#schemas/records.ts'
import { clean } from './targets/target.ts'

/** Answers in a row, and time, that a field must be absent for before it vanished: one blank is noise. */
const VANISHED_AFTER = { answers: 3, ms: 60_000 }
/** As TargetRecord takes them. */
const VANISHED_MAX = 64
const MISSING_MAX = 256
const TOOL_LABELS_MAX = 16
/** Which of a tool's own words names its version, best first. */
const VERSION_NAMES = [
  'exporter_version',
  'tool_version',
  'dcgm_version',
  'driver_version',
] as const

/** Values of one device, node or link; null and absent mean the same. */
export type ValueBag = Readonly<Record<string, number | null | undefined>>

/** What an answer gave, for the fields of a target's health. */
export interface Answer {
  readonly atMs: number
  /** Every device, node and link of the answer, range-checked. */
  readonly values: readonly ValueBag[]
  /** Devices that could be read: without one nothing is missing. */
  readonly devices: number
  readonly expects: readonly string[]
  readonly toolLabels: Readonly<Record<string, string>>
  /** Labels of one device, for sources whose devices and not the tool name a version. */
  readonly deviceLabels: Readonly<Record<string, string>>
}

interface Field {
  lastMs: number
  version: string
  answersWithout: number
}

/** What is remembered of one target's fields since the collector started; at most the catalogue. */
export interface FieldMemory {
  readonly fields: Map<string, Field>
  version: string
}

export const newFieldMemory = (): FieldMemory => ({ fields: new Map(), version: '' })

export type TargetFields = Required<Pick<TargetRecord, 'fields' | 'missing' | 'vanished' | 'tool'>>

/**
 * Which metrics an answer gave and on how many devices, which of the expected ones nobody gave, and which came
 * before (an earlier version of the tool, or earlier in this run of the collector) and no longer do.
 */
export function observeFields(memory: FieldMemory, answer: Answer): TargetFields {
  const fields = countFields(answer.values)
  memory.version = versionOf(answer) || memory.version
  for (const name in fields) {
    const field = memory.fields.get(name) ?? { lastMs: 0, version: '', answersWithout: 0 }
    memory.fields.set(name, field)
    field.lastMs = answer.atMs
    field.version = memory.version
    field.answersWithout = 0
  }
  const isReadable = answer.values.length > 0
  if (isReadable)
    for (const [name, field] of memory.fields) if (!(name in fields)) field.answersWithout++
  return {
    fields,
    missing:
      answer.devices === 0
        ? []
        : answer.expects.filter((name) => !(name in fields)).slice(0, MISSING_MAX),
    vanished: vanishedOf(memory, answer.atMs),
    tool: toolOf(answer.toolLabels),
  }
}

function toolOf(labels: Answer['toolLabels']): TargetFields['tool'] {
  const tool: TargetFields['tool'] = {}
  for (const [at, label] of Object.keys(labels).entries()) {
    if (at >= TOOL_LABELS_MAX) break
    const name = clean(label)
    if (name !== '' && name !== '__proto__') tool[name] = clean(labels[label])
  }
  return tool
}

function countFields(values: readonly ValueBag[]): Record<string, number> {
  const fields: Record<string, number> = {}
  for (const bag of values)
    for (const name in bag)
      if (bag[name] !== null && bag[name] !== undefined) fields[name] = (fields[name] ?? 0) + 1
  return fields
}

function vanishedOf({ fields }: FieldMemory, atMs: number): TargetFields['vanished'] {
  const vanished: TargetFields['vanished'] = []
  for (const [metric, { lastMs, version, answersWithout }] of fields)
    if (answersWithout >= VANISHED_AFTER.answers && atMs - lastMs >= VANISHED_AFTER.ms)
      vanished.push({ metric, last_ms: lastMs, version })
  return vanished.sort((a, b) => b.last_ms - a.last_ms).slice(0, VANISHED_MAX)
}

function versionOf({ toolLabels, deviceLabels }: Answer): string {
  for (const name of VERSION_NAMES) {
    const version = clean(toolLabels[name] ?? deviceLabels[name] ?? '')
    if (version !== '') return version
  }
  return ''
}
