import type { FactName } from '#schemas/faults.ts'
import { type DeviceReading, type Interpretation, unread } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import { type DeviceDraft, deviceKeys, newDraft, setLabel, toReading } from './devices.ts'
import { type Failure, EMPTY_OUTPUT, EMPTY_TABLE, NOT_NPU_SMI } from './failures.ts'
import { describeFault } from './faults.ts'
import { applyBlock, applyCardBlock, applyWatch } from './field-devices.ts'
import { LIMITS, type Rejections } from './lines.ts'
import { linkReadings } from './links.ts'
import { TABLE_IGNORED } from './map.ts'
import type { FieldBlock } from './parse-fields.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'
import { tableDevices } from './table-devices.ts'

export const SOURCE_NAME = 'npu-smi'

/** Any captured output of the tool -> devices, events, refusals. Pure; never throws. */
export function interpret(bytes: Uint8Array): Interpretation {
  return interpretOutput(parseOutput(bytes))
}

export const WATCH_FORMAT_NAME = 'npu-smi-watch'

/** Only the rows of `npu-smi info watch` in a captured output. Pure; never throws. */
export function interpretWatch(bytes: Uint8Array): Interpretation {
  const output = parseOutput(bytes)
  const rows = { ...output, tables: [], blocks: [], mappings: [], topologyLines: 0 }
  return interpretOutput(rows, WATCH_FORMAT_NAME)
}

/**
 * Joins all answers of an output by (card, chip). Events name the faults as levels: `at_ms` 0 and an
 * empty node mean the output does not say; whoever read it live knows.
 */
export function interpretOutput(output: NpuOutput, source = SOURCE_NAME): Interpretation {
  const ignored = new Set<string>()
  const drafts = gather(output, ignored)
  markLostCards(output, drafts)
  const devices = drafts.list().map(toReading)
  const failure = outcomeOf(output, devices)
  const links = drafts.list().flatMap(linkReadings)
  return {
    source,
    outcome: failure?.outcome ?? 'ok',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices,
    ...(links.length === 0 ? {} : { links }),
    events: drafts.list().flatMap((draft) => faultEvents(draft, source)),
    rejected: output.rejections.examples(),
    rejectedByReason: output.rejections.byReason(),
    ignored: [...ignored].slice(0, LIMITS.ignoredNames),
    toolLabels: toolLabels(output),
  }
}

/** The answer of a read that brought nothing, with its cause. */
export const failedAnswer = (failure: Failure): Interpretation => unread(SOURCE_NAME, failure)

interface Drafts {
  /** The device of (card, chip), made when it is not there yet. */
  at(npu: number | null, chip: number): DeviceDraft | null
  put(draft: DeviceDraft): void
  ofNpu(npu: number | null): DeviceDraft[]
  list(): DeviceDraft[]
}

function createDrafts(rejections: Rejections): Drafts {
  const byPlace = new Map<string, DeviceDraft>()
  const place = (npu: number | null, chip: number) => `${npu}/${chip}`
  return {
    at(npu, chip) {
      const known = byPlace.get(place(npu, chip))
      if (known !== undefined) return known
      if (byPlace.size >= LIMITS.chips) {
        rejections.add(`NPU ${npu} chip ${chip}`, 'too_many_chips')
        return null
      }
      const draft = newDraft(npu, chip)
      byPlace.set(place(npu, chip), draft)
      return draft
    },
    put: (draft) => void byPlace.set(place(draft.npu, draft.chip), draft),
    ofNpu: (npu) => [...byPlace.values()].filter((draft) => draft.npu === npu),
    list: () => [...byPlace.values()],
  }
}

/** Boxes first (a later box of a dump replaces an earlier one), then rows of the stream, then other answers. */
function gather(output: NpuOutput, ignored: Set<string>): Drafts {
  const { rejections } = output
  const drafts = createDrafts(rejections)
  for (const table of output.tables) {
    for (const draft of tableDevices(table, rejections)) drafts.put(draft)
    if (table.hasProcessBox) for (const name of TABLE_IGNORED) ignored.add(name)
  }
  for (const mapping of output.mappings) {
    const draft = drafts.at(mapping.npu, mapping.chip)
    if (draft === null) continue
    if (draft.printedName === '') draft.printedName = mapping.name
    draft.index ??= mapping.phyId
    if (mapping.logicId !== null) setLabel(draft, 'logic_id', String(mapping.logicId))
    if (mapping.phyId !== null) setLabel(draft, 'phy_id', String(mapping.phyId))
  }
  if (output.topologyLines > 0) ignored.add('topo')
  // Before the answers that are slower than the stream.
  for (const row of output.watch) {
    const draft = drafts.at(row.npu, row.chip)
    if (draft !== null) applyWatch(draft, row, ignored, rejections)
  }
  const cardBlocks: FieldBlock[] = []
  for (const block of output.blocks) {
    if (block.fields.get('chip name')?.value.toLowerCase() === 'mcu') continue
    if (block.chip === null && isCardLevel(block, drafts)) cardBlocks.push(block)
    else {
      const draft = drafts.at(block.npu, block.chip ?? 0)
      if (draft !== null) applyBlock(draft, block, ignored, rejections)
    }
  }
  for (const block of cardBlocks) applyCard(block, drafts, { ignored, rejections })
  return drafts
}

/** An answer without a chip id speaks for the card, unless the card has one chip at most. */
function isCardLevel(block: FieldBlock, drafts: Drafts): boolean {
  const chips = Number(block.fields.get('chip count')?.value ?? '1')
  return chips > 1 || drafts.ofNpu(block.npu).length > 1
}

function applyCard(
  block: FieldBlock,
  drafts: Drafts,
  { ignored, rejections }: { ignored: Set<string>; rejections: Rejections },
): void {
  const chips = Number(block.fields.get('chip count')?.value ?? '1')
  if (drafts.ofNpu(block.npu).length === 0)
    for (let chip = 0; chip < Math.min(chips, 8); chip += 1) drafts.at(block.npu, chip)
  for (const draft of drafts.ofNpu(block.npu)) applyCardBlock(draft, block, ignored, rejections)
}

/** `Invalid card id.` under a command that named the card: that card is lost, whatever else was read. */
function markLostCards(output: NpuOutput, drafts: Drafts): void {
  for (const { failure, npu } of output.failures) {
    if (failure.reason !== 'invalid_card' || npu === null) continue
    const lost = drafts.ofNpu(npu)
    const chips = lost.length > 0 ? lost : [drafts.at(npu, 0)]
    for (const draft of chips) if (draft !== null) draft.failed = failure.reason
  }
}

function outcomeOf(output: NpuOutput, devices: readonly DeviceReading[]): Failure | null {
  const stated = output.failures[0]?.failure ?? null
  if (devices.some((device) => device.failed === null)) return null
  if (stated !== null) return stated
  if (devices.length > 0 || output.tables.length > 0) return EMPTY_TABLE
  if (output.topologyLines > 0 || output.blocks.length > 0) return null
  return output.empty ? EMPTY_OUTPUT : NOT_NPU_SMI
}

function faultEvents(draft: DeviceDraft, source: string): EventRecord[] {
  return draft.faultCodes.flatMap((code) => {
    const fault = describeFault('fault', code)
    if (fault === null) return []
    const said = draft.faultText
    return [
      {
        kind: 'event',
        at_ms: 0,
        node: '',
        device_key: deviceKeys(draft)[0] ?? null,
        source,
        type: 'fault',
        code,
        severity: fault.severity,
        edge: 'open',
        message: (said === '' ? fault.name.en : `${fault.name.en}; ${said}`).slice(0, 1024),
        message_zh: (said === '' ? fault.name.zh : `${fault.name.zh}；${said}`).slice(0, 1024),
        fault_class: fault.class,
        action: fault.action.en,
        action_zh: fault.action.zh,
      },
    ]
  })
}

/** Versions: of the box where there is one, else of board answers. Drivers and tools may differ. */
function toolLabels(output: NpuOutput): Record<string, string> {
  const labels: Record<string, string> = {}
  const note = (name: FactName, value: string | null | undefined) => {
    if (value && value !== 'NA') labels[name] ??= value.slice(0, 64)
  }
  const table = output.tables.findLast((each) => each.toolVersion !== null)
  note('tool_version', table?.toolVersion)
  note('driver_version', table?.driverVersion)
  for (const { fields } of output.blocks) {
    note('driver_version', fields.get('software version')?.value)
    note('cann_version', fields.get('cann version')?.value)
  }
  return labels
}
