import { LIMITS, type Rejections, idOrNull } from './lines.ts'

/** One `key : value` of an answer; the unit is taken out of the key. */
export interface Field {
  /** The key as printed, without its unit. */
  readonly name: string
  readonly value: string
}

/** The fields that belong to one chip (or, with `chip` null, to the whole card) of one answer. */
export interface FieldBlock {
  npu: number | null
  chip: number | null
  /** By lower-case key without unit. */
  readonly fields: Map<string, Field>
  /** Processes of `-t proc-mem`; null when the answer is another one. */
  processes: number | null
}

/** What a captured command line says about the answer below it. */
export interface CommandIds {
  readonly npu: number | null
  readonly chip: number | null
}

export interface FieldReader {
  /** Takes a line when it is a field, a continuation or a process; false when it is something else. */
  line(line: string): boolean
  /** The lines that follow belong to another answer, with these ids if a command line named them. */
  boundary(ids: CommandIds): void
  /** Something that is no field came in between: unknown keys are not taken on trust any more. */
  noise(): void
  finish(): readonly FieldBlock[]
}

/** Keys hold no colon, so the first one ends the key; values may hold more. */
const FIELD_KEY = /^[A-Za-z][^|=\]]{0,60}$/
const CONTINUATION = /^\s*:\s*(.*)$/
const PROCESS = /^\s*Process id\s*:\s*\d+\s+Process name\s*:.*Process memory\(MB\)\s*:/i
const NO_PROCESS = /^\s*No process in device\b/i

/** Where the reader stands in an answer. */
interface FieldState {
  readonly blocks: FieldBlock[]
  readonly rejections: Rejections
  readonly isKnown: (key: string) => boolean
  /** Ids of the last captured command line. */
  ids: CommandIds
  npu: number | null
  block: FieldBlock
  /** Whether `Chip ID` opens the blocks of this answer or closes them; null until one came. */
  chipOpens: boolean | null
  /** Inside an answer: keys we do not know are taken as its keys too. */
  trusting: boolean
  lastKey: string | null
}

/**
 * Reads `npu-smi info -t TYPE` answers. `Chip ID` closes a chip's block in most answers and opens it in
 * `common` and `board`: what came before the first `Chip ID` of an answer decides which.
 * @param isKnown lower-case keys of the tool; an answer starts with one of them
 */
export function createFieldReader(
  isKnown: (key: string) => boolean,
  rejections: Rejections,
): FieldReader {
  const state: FieldState = {
    blocks: [],
    rejections,
    isKnown,
    ids: { npu: null, chip: null },
    npu: null,
    block: emptyBlock(),
    chipOpens: null,
    trusting: false,
    lastKey: null,
  }
  return {
    line: (line) =>
      readProcess(state, line) || readContinuation(state, line) || readField(state, line),
    boundary(next) {
      startAnswer(state, next.npu)
      state.ids = next
      state.trusting = false
    },
    noise() {
      state.trusting = false
    },
    finish() {
      closeBlock(state)
      return state.blocks
    },
  }
}

function closeBlock(state: FieldState): void {
  const { block, blocks, npu, ids } = state
  if (block.fields.size > 0 || block.processes !== null) {
    if (blocks.length >= LIMITS.blocks) state.rejections.add(`NPU ${npu}`, 'too_many_blocks')
    else blocks.push({ ...block, npu, chip: block.chip ?? ids.chip })
  }
  state.block = emptyBlock()
  state.lastKey = null
}

function startAnswer(state: FieldState, npu: number | null): void {
  closeBlock(state)
  state.npu = npu
  state.chipOpens = null
}

function chipId(state: FieldState, chip: number | null): void {
  const { block } = state
  state.chipOpens ??= block.processes === null && [...block.fields.keys()].every(isHeaderKey)
  // What stands between `NPU ID` and an opening `Chip ID` (the count) stays with the first chip.
  if (state.chipOpens && block.chip !== null) closeBlock(state)
  state.block.chip = chip
  if (!state.chipOpens) closeBlock(state)
}

function storeField(state: FieldState, key: string, field: Field): void {
  // The same key again without a Chip ID in between: the next answer of a dump.
  if (state.block.fields.has(key)) startAnswer(state, state.ids.npu)
  if (state.block.fields.size < LIMITS.fieldsPerBlock) state.block.fields.set(key, field)
  state.lastKey = key
}

function readField(state: FieldState, line: string): boolean {
  const colon = line.indexOf(':')
  const printed = colon === -1 ? '' : line.slice(0, colon).trim()
  if (!FIELD_KEY.test(printed)) return false
  const name = withoutUnit(printed)
  const key = name.toLowerCase()
  if (!state.isKnown(key) && !state.trusting) return false
  state.trusting = true
  const value = line.slice(colon + 1, colon + 1 + LIMITS.valueChars).trim()
  if (key === 'npu id') startAnswer(state, idOrNull(value))
  else if (key === 'chip id') chipId(state, idOrNull(value))
  else if (key === 'total count' || key === 'card count') startAnswer(state, null)
  else storeField(state, key, { name, value })
  return true
}

/** A line without a key continues the value above it (texts of `-t health`). */
function readContinuation(state: FieldState, line: string): boolean {
  const { block, lastKey } = state
  const more = CONTINUATION.exec(line)
  const previous = lastKey === null ? undefined : block.fields.get(lastKey)
  if (more === null || lastKey === null || previous === undefined) return false
  const added = (more[1] ?? '').trim()
  // Each line is a finding of its own.
  const parts = [previous.value, added].filter((part) => part !== '')
  const value = parts.join('; ').slice(0, LIMITS.valueChars)
  block.fields.set(lastKey, { ...previous, value })
  return true
}

function readProcess(state: FieldState, line: string): boolean {
  if (PROCESS.test(line)) state.block.processes = (state.block.processes ?? 0) + 1
  else if (NO_PROCESS.test(line)) state.block.processes ??= 0
  else return false
  return true
}

function isHeaderKey(key: string): boolean {
  return key === 'chip count'
}

function emptyBlock(): FieldBlock {
  return { npu: null, chip: null, fields: new Map(), processes: null }
}

/** `HBM Usage Rate(%)` -> `HBM Usage Rate`; blanks inside a key count as one. */
export function withoutUnit(key: string): string {
  return key
    .replace(/\s*\([^)]*\)\s*$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
