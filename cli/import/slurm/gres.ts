/**
 * Slurm's texts about generic resources. Forms seen: facts sheet attribution.md section 1.2 and our captures of
 * Slurm 22.05; which names are accelerators is the site's configuration.
 */

/** No node has more; a range beyond it is a mistake, not a list to be written out. */
export const GRES_INDEX_MAX = 4095

/** Devices of one node as a GRES text names them. */
export interface GresDevices {
  /** How many; 0 when the text names no accelerator. */
  readonly count: number
  /** Positions in gres.conf, rising; null when the text does not say which, or contradicts itself. */
  readonly indices: readonly number[] | null
  readonly types: readonly string[]
  /** Why `indices` is null although there are devices; empty otherwise. */
  readonly why: string
}

const NO_DEVICES: GresDevices = { count: 0, indices: [], types: [], why: '' }

interface Entry {
  readonly type: string
  readonly count: number | null
  /** Null: the text does not name them. */
  readonly indices: readonly number[] | null
  readonly why: string
}

/**
 * Reads `gpu:h100:3(IDX:0-1,5)` and its relatives: several entries, entries of other resources (passed over),
 * `(IDX:N/A)`, no count, none at all. Null when the text is not GRES.
 */
export function readGres(text: string, accelerators: ReadonlySet<string>): GresDevices | null {
  const body = text.trim()
  if (body === '' || body === '(null)') return NO_DEVICES
  const entries: Entry[] = []
  for (const part of outsideParentheses(body)) {
    const entry = readEntry(part, accelerators)
    if (entry === null) return null
    if (entry !== 'other' && entry.count !== 0) entries.push(entry)
  }
  if (entries.length === 0) return NO_DEVICES
  return joined(entries)
}

function joined(entries: readonly Entry[]): GresDevices {
  const types = entries.map(({ type }) => type)
  const count = entries.reduce((sum, entry) => sum + (entry.count ?? entry.indices?.length ?? 0), 0)
  const unnamed = entries.find((entry) => entry.indices === null)
  if (unnamed !== undefined) return { count, indices: null, types, why: unnamed.why }
  const indices = [...new Set(entries.flatMap((entry) => entry.indices ?? []))]
  if (indices.length !== count)
    return { count, indices: null, types, why: `${count} devices, but ${indices.length} indices` }
  return { count, indices: indices.toSorted((a, b) => a - b), types, why: '' }
}

/** An instance of a partitioned device, such as `1g.10gb`: its index counts instances, not devices. */
const PARTITION = /^\d+g\.\d+gb/i

function readEntry(part: string, accelerators: ReadonlySet<string>): Entry | 'other' | null {
  const match = /^(?:gres[:/])?([A-Za-z_][\w-]*)((?::[^():,]+)*)\s*(?:\(([^()]*)\))?$/.exec(part)
  const name = match?.[1]
  if (match === null || name === undefined) return null
  if (!accelerators.has(name)) return 'other'
  const words = (match[2] ?? '').split(':').slice(1)
  const last = words.at(-1) ?? ''
  const count = /^\d{1,6}$/.test(last) ? Number(last) : null
  const model = (count === null ? words : words.slice(0, -1)).join(':')
  const type = model === '' ? name : `${name}:${model}`
  if (count === 0) return { type, count, indices: [], why: '' }
  if (PARTITION.test(model))
    return { type, count, indices: null, why: `${model} are parts of devices` }
  const named = /^IDX:(.*)$/.exec(match[3] ?? '')?.[1]
  const indices = named === undefined ? null : readIndices(named)
  if (indices === null && count === null) return null
  const why = indices === null ? 'it does not say which devices' : ''
  return { type, count, indices, why }
}

/** `0-1,5` as numbers; null for `N/A` and for what is no list of indices. */
function readIndices(text: string): number[] | null {
  if (text.trim() === '') return []
  const indices: number[] = []
  for (const item of text.split(',')) {
    const match = /^\s*(\d{1,6})(?:-(\d{1,6}))?\s*$/.exec(item)
    if (match === null) return null
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])]
    if (to < from || to > GRES_INDEX_MAX) return null
    for (let index = from; index <= to; index++) indices.push(index)
  }
  return indices
}

/** Devices in `cpu=96,gres/gpu=16,gres/gpu:h100=16`: typed entries repeat the untyped one. Null = not said. */
export function tresDevices(text: string, accelerators: ReadonlySet<string>): number | null {
  const whole = new Map<string, number>()
  const typed = new Map<string, number>()
  for (const item of text.split(',')) {
    const match = /^gres\/([^:=]+)(:[^=]+)?=(\d{1,9})$/.exec(item.trim())
    const name = match?.[1]
    if (name === undefined || !accelerators.has(name)) continue
    const count = Number(match?.[3])
    if (match?.[2] === undefined) whole.set(name, count)
    else typed.set(name, (typed.get(name) ?? 0) + count)
  }
  const names = new Set([...whole.keys(), ...typed.keys()])
  if (names.size === 0) return null
  return [...names].reduce((sum, name) => sum + (whole.get(name) ?? typed.get(name) ?? 0), 0)
}

function outsideParentheses(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (char === '(') depth++
    if (char === ')') depth--
    if (char !== undefined && (char !== ',' || depth > 0)) continue
    parts.push(text.slice(start, at).trim())
    start = at + 1
  }
  return parts.filter((part) => part !== '')
}
