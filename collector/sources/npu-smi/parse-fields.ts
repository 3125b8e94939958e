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

/**
 * Reads `npu-smi info -t TYPE` answers. `Chip ID` closes a chip's block in most answers and opens it in
 * `common` and `board`: what came before the first `Chip ID` of an answer decides which.
 * @param isKnown lower-case keys of the tool; an answer starts with one of them
 */
export function createFieldReader(
  isKnown: (key: string) => boolean,
  rejections: Rejections,
): FieldReader {
  const blocks: FieldBlock[] = []
  let ids: CommandIds = { npu: null, chip: null }
  let npu: number | null = null
  let block = emptyBlock()
  let chipOpens: boolean | null = null
  let trusting = false
  let lastKey: string | null = null

  const close = () => {
    if (block.fields.size > 0 || block.processes !== null) {
      if (blocks.length >= LIMITS.blocks) rejections.add(`NPU ${npu}`, 'too_many_blocks')
      else blocks.push({ ...block, npu, chip: block.chip ?? ids.chip })
    }
    block = emptyBlock()
    lastKey = null
  }
  const startAnswer = (nextNpu: number | null) => {
    close()
    npu = nextNpu
    chipOpens = null
  }
  const chipId = (chip: number | null) => {
    chipOpens ??= block.processes === null && [...block.fields.keys()].every(isHeaderKey)
    // What stands between `NPU ID` and an opening `Chip ID` (the count) stays with the first chip.
    if (chipOpens && block.chip !== null) close()
    block.chip = chip
    if (!chipOpens) close()
  }
  const store = (key: string, field: Field) => {
    // The same key again without a Chip ID in between: the next answer of a dump.
    if (block.fields.has(key)) startAnswer(ids.npu)
    if (block.fields.size < LIMITS.fieldsPerBlock) block.fields.set(key, field)
    lastKey = key
  }

  const readField = (line: string): boolean => {
    const colon = line.indexOf(':')
    const printed = colon === -1 ? '' : line.slice(0, colon).trim()
    if (!FIELD_KEY.test(printed)) return false
    const name = withoutUnit(printed)
    const key = name.toLowerCase()
    if (!isKnown(key) && !trusting) return false
    trusting = true
    const value = line.slice(colon + 1, colon + 1 + LIMITS.valueChars).trim()
    if (key === 'npu id') startAnswer(idOrNull(value))
    else if (key === 'chip id') chipId(idOrNull(value))
    else if (key === 'total count' || key === 'card count') startAnswer(null)
    else store(key, { name, value })
    return true
  }

  const readContinuation = (line: string): boolean => {
    const more = CONTINUATION.exec(line)
    const previous = lastKey === null ? undefined : block.fields.get(lastKey)
    if (more === null || lastKey === null || previous === undefined) return false
    const value = `${previous.value} ${more[1] ?? ''}`.trim().slice(0, LIMITS.valueChars)
    block.fields.set(lastKey, { ...previous, value })
    return true
  }

  return {
    line(line) {
      if (PROCESS.test(line)) {
        block.processes = (block.processes ?? 0) + 1
        return true
      }
      if (NO_PROCESS.test(line)) {
        block.processes ??= 0
        return true
      }
      return readContinuation(line) || readField(line)
    },
    boundary(next) {
      startAnswer(next.npu)
      ids = next
      trusting = false
    },
    noise() {
      trusting = false
    },
    finish() {
      close()
      return blocks
    },
  }
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
