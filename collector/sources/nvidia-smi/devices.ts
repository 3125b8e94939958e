import type { DeviceReading } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { normalBus, trustedUuid } from '../../vendors/nvidia-identity.ts'
import { recoveryOfText } from '../../vendors/nvidia-recovery.ts'
import type { Capture, Form, GpuBlock } from './capture.ts'
import { describeFault } from './faults.ts'
import { boardKeys, trustedSerial } from './identity.ts'
import { FLAG_RULES, HEAD_RULES, LABEL_RULES, ROLES } from './map-facts.ts'
import { migPartitions } from './partitions.ts'
import type { ListedGpu } from './parse-list.ts'
import { boardFailure, cellOf, readMetrics, readReasons } from './readings.ts'
import type { Refusals } from './refusals.ts'
import { readFlag, readText } from './values.ts'

export const VENDOR = 'nvidia'
const LABEL_CHARS = 256

export interface ReadGpus {
  readonly devices: DeviceReading[]
  readonly events: EventRecord[]
}

/** What is known beside the output itself. */
export interface GpuContext {
  readonly refusals: Refusals
  /** False where GPUs are missing from the output: then a position is no index. */
  readonly isWhole: boolean
  /** `-L` of the same moment: profiles and UUIDs of MIG devices. */
  readonly listed: readonly ListedGpu[]
  readonly source: string
}

/** A board as a reading, before partitions and events are added. */
export interface Board {
  readonly block: GpuBlock
  readonly uuid: string | null
  readonly bus: string | null
  readonly index: number | null
  readonly keys: readonly [string, ...string[]]
  readonly model: string
}

/** One reading per board and per MIG device, and what the boards state as events. */
export function readGpus(capture: Capture, context: GpuContext): ReadGpus {
  const boards = identify(capture, context)
  const versions = versionLabels(capture.head, capture.form)
  const devices: DeviceReading[] = []
  const events: EventRecord[] = []
  for (const board of boards) {
    const reading = readBoard(board, capture.form, versions, context)
    devices.push(reading)
    events.push(...boardEvents(board, capture.form, context.source))
    if (reading.failed === null)
      devices.push(...migPartitions(board, capture.form, versions, context))
  }
  return { devices, events }
}

/** Versions stated above the GPUs, or in a row of a CSV. */
export function versionLabels(
  fields: Capture['head'],
  form: Form,
): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {}
  for (const rule of HEAD_RULES) {
    const text = readText(cellOf(fields, rule, form))
    if (text !== null) labels[rule.label] = text.slice(0, LABEL_CHARS)
  }
  return labels
}

/** Finds who is who; of several rows of one GPU (a loop) the last counts, and a UUID of two GPUs is none. */
function identify({ gpus, form }: Capture, { refusals, isWhole }: GpuContext): Board[] {
  const found = gpus.map((block, position) => {
    const text = (role: keyof typeof ROLES) => readText(cellOf(block.fields, ROLES[role], form))
    const index = form === 'csv' ? indexOrNull(text('index')) : isWhole ? position : null
    const bus = normalBus(text('bus'))
    const uuid = trustedUuid(text('uuid'))
    const model = text('name') ?? 'unknown'
    return { block, uuid, bus, index, model, position }
  })
  const places = new Map<string, Set<string>>()
  for (const { uuid, bus, index } of found)
    if (uuid !== null) places.set(uuid, (places.get(uuid) ?? new Set()).add(`${bus} ${index}`))
  const boards = new Map<string, Board>()
  for (const { position, ...board } of found) {
    const isShared = board.uuid !== null && (places.get(board.uuid)?.size ?? 0) > 1
    if (isShared) refusals.add(board.uuid ?? '', 'uuid_not_unique')
    const uuid = isShared ? null : board.uuid
    const isNameless = uuid === null && board.bus === null && board.index === null
    const keys = boardKeys(uuid, board.bus, isNameless ? position : board.index)
    boards.set(keys[0], { ...board, uuid, keys })
  }
  return [...boards.values()]
}

const indexOrNull = (text: string | null) =>
  text !== null && /^\d{1,4}$/.test(text) ? Number(text) : null

function readBoard(
  board: Board,
  form: Form,
  versions: Readonly<Record<string, string>>,
  { refusals }: GpuContext,
): DeviceReading {
  const { block, keys, model, index, bus } = board
  const { fields } = block
  const failed = boardFailure(fields, form)
  const metrics = readMetrics(fields, form, refusals)
  const reasons = readReasons(fields, form, refusals)
  if (reasons !== null) metrics.clock_event_reasons = reasons
  if (block.processes !== null) metrics.process_count = block.processes.length
  return {
    keys,
    vendor: VENDOR,
    model,
    node: null,
    index,
    bus,
    parent: null,
    partition: null,
    holder: null,
    metrics: failed === null ? metrics : {},
    labels: { ...versions, ...boardLabels(fields, form) },
    failed,
  }
}

function boardLabels(fields: GpuBlock['fields'], form: Form): Record<string, string> {
  const labels: Record<string, string> = form === 'csv' ? { ...versionLabels(fields, form) } : {}
  for (const rule of LABEL_RULES) {
    const text = readText(cellOf(fields, rule, form))
    if (text === null || (rule.label === 'serial' && !trustedSerial(text))) continue
    labels[rule.label] = text.slice(0, LABEL_CHARS)
  }
  return labels
}

/** Recovery action and standing faults of a board: levels, the runner finds the edges. */
function boardEvents({ block, keys }: Board, form: Form, source: string): EventRecord[] {
  const { fields } = block
  const key = keys[0]
  const events = FLAG_RULES.filter(
    (rule) => readFlag(cellOf(fields, rule, form)?.text ?? '') === true,
  ).map(({ code }) => faultEvent(source, key, 'board_health', code))
  const action = recoveryOf(fields, form)
  if (action !== null) events.push(faultEvent(source, key, 'recovery_action', action))
  return events
}

/** The action in one word; drivers before 565 print two questions with Yes and No instead. */
function recoveryOf(fields: GpuBlock['fields'], form: Form): string | null {
  const text = readText(cellOf(fields, ROLES.recovery_action, form))
  const action = text === null ? null : recoveryOfText(text)
  if (action !== null) return action
  const says = (role: 'reset_required' | 'drain_and_reset') =>
    readFlag(cellOf(fields, ROLES[role], form)?.text ?? '') === true
  if (says('reset_required')) return 'reset'
  return says('drain_and_reset') ? 'drain_and_reset' : null
}

/** A stated fault. `at_ms` 0 and an empty node mean that the output does not say; who read it live knows. */
export function faultEvent(
  source: string,
  key: string | null,
  type: string,
  code: string,
): EventRecord {
  const known = describeFault(type, code)
  return {
    kind: 'event',
    at_ms: 0,
    node: '',
    device_key: key,
    source,
    type,
    code,
    severity: known?.severity ?? 'warning',
    edge: 'open',
    message: known?.name.en ?? code,
    ...(known === null
      ? {}
      : {
          message_zh: known.name.zh,
          fault_class: known.class,
          action: known.action.en,
          action_zh: known.action.zh,
        }),
  }
}
