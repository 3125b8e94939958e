import { PlimsollError } from '#schemas/errors.ts'
import { ALLOCATION_SOURCES } from '#schemas/ledger.ts'
import { deviceId } from '../identity/device-id.ts'
import { iso, type JsonRow } from '../worker/rows.ts'
import { createGroupSlots, GROUP_DEVICES_MAX, type GroupSlots } from './count-slots.ts'
import { type HistoryFile, historyHash, openRecords } from './file.ts'
import { type FileResult, type ImportDeps, requireRows } from './import-job.ts'
import { insertRows, storeCapacity, storeDevices } from './known-devices.ts'
import { type CountsMap, minutesOf } from './map.ts'
import { createPartWriter } from './part-writer.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { createSampleRows } from './sample-rows.ts'
import type { Span } from './spans.ts'
import { storedParts } from './stored-parts.ts'
import { createTimeReader } from './time-format.ts'

/** Rows of one insert: larger ones are no cheaper per row. */
const PART_ROWS = 500_000
const GROUPS_MAX = 10_000
const WHOLE = /^\d{1,9}$/
/** Millionths of a device: all of it. */
const WHOLE_DEVICE_PPM = 1_000_000
const IMPORT_RANK = ALLOCATION_SOURCES.indexOf('import')

export interface CountsOptions {
  readonly map: CountsMap
  /** Name of the data set: part of its devices' keys. */
  readonly dataset: string
  readonly onShare: (share: number) => void
}

/**
 * Stores a file of counts as the devices it stands for: samples with busy 1 or 0, capacity and who held what. Samples
 * go in parts under the file's hash; the rest is keyed by device and time. Throws E_HISTORY_INVALID.
 */
export async function importCounts(
  deps: ImportDeps,
  file: HistoryFile,
  options: CountsOptions,
): Promise<FileResult> {
  const { store, clock } = deps
  const { map } = options
  const hash = await historyHash(file, JSON.stringify([options.dataset, file.name, map]))
  const parts = await storedParts(store, hash, clock)
  const rows = createSampleRows(PART_ROWS)
  const writer = createPartWriter(store, parts, rows)
  const refusals = createRefusals(file.name)
  const groups = new Map<string, GroupSlots>()
  let taken = 0
  for await (const row of countRows(file, options, refusals)) {
    const slots = groups.get(row.group) ?? newGroup(groups, row.group, options)
    if (slots.isDue(row.atMs)) await slots.write(rows, writer.flush)
    if (slots.add(row)) taken += 1
    else refusals.add('not later than the row before', row.line, row.group)
  }
  requireRows(file, taken, refusals)
  for (const slots of groups.values()) await slots.write(rows, writer.flush)
  await writer.flush()
  const devices = await storeSlots(deps, groups, {
    token: `import:${hash}`,
    version: parts.newestMs,
  })
  const { samples, stored, span } = writer.totals(minutesOf(map.step_ms).stepMs)
  return {
    newestMs: parts.newestMs,
    report: {
      file: file.name,
      rows: taken,
      samples,
      stored,
      devices,
      span,
      refused: refusals.counts,
      examples: refusals.examples,
    },
  }
}

function newGroup(
  groups: Map<string, GroupSlots>,
  group: string,
  { map, dataset }: CountsOptions,
): GroupSlots {
  if (groups.size >= GROUPS_MAX)
    throw new PlimsollError('E_HISTORY_INVALID', `more than ${GROUPS_MAX} groups in one file`)
  const slots = createGroupSlots(group, map, dataset)
  groups.set(group, slots)
  return slots
}

interface GroupRow {
  readonly line: number
  readonly group: string
  readonly atMs: number
  readonly total: number
  readonly running: number
}

async function* countRows(
  file: HistoryFile,
  { map, onShare }: CountsOptions,
  refusals: Refusals,
): AsyncGenerator<GroupRow> {
  const onBytes = (bytes: number) => onShare(bytes / file.bytes)
  const { place, batches } = await openRecords(file, { ...map, onBytes })
  const readTime = createTimeReader(map.time)
  const at = { time: place(map.time.column), total: place(map.total), running: place(map.running) }
  const groupOf = groupReader(file, map, place)
  for await (const records of batches)
    for (const { line, fields } of records) {
      const text = fields[at.time] ?? ''
      const atMs = readTime(text)
      const [total, running] = [countOf(fields[at.total]), countOf(fields[at.running])]
      if (atMs === null) refusals.add('not a time', line, text)
      else if (total === null || running === null)
        refusals.add('not a whole number', line, `${fields[at.total]},${fields[at.running]}`)
      else if (running > total) refusals.add('more run than there are', line, `${running}>${total}`)
      else if (total > GROUP_DEVICES_MAX) refusals.add('too many devices', line, String(total))
      else yield { line, group: groupOf(fields), atMs, total, running }
    }
}

const countOf = (text = '') => (WHOLE.test(text) ? Number(text) : null)

function groupReader(
  file: HistoryFile,
  { group }: CountsMap,
  place: (column: string | number) => number,
): (fields: readonly string[]) => string {
  if ('constant' in group) return () => group.constant
  if ('column' in group) {
    const at = place(group.column)
    return (fields) => fields[at] ?? ''
  }
  const [before = '', after = ''] = group.file.split('{group}')
  const { name } = file
  const fits = name.startsWith(before) && name.endsWith(after)
  const found = fits ? name.slice(before.length, name.length - after.length) : ''
  if (found === '')
    throw new PlimsollError(
      'E_HISTORY_INVALID',
      `${name} is not named as the mapping's group.file says: ${group.file}`,
    )
  return () => found
}

/** Devices, capacity and holders of all groups; returns the number of devices. */
async function storeSlots(
  { store, clock }: ImportDeps,
  groups: ReadonlyMap<string, GroupSlots>,
  { token, version }: { readonly token: string; readonly version: number },
): Promise<number> {
  const ended = [...groups].flatMap(([group, slots]) =>
    slots.end().map((slot) => ({ group, ...slot })),
  )
  const words = ended.map(({ device, firstMs }) => ({ device, atMs: firstMs }))
  await storeDevices(store, words, token)
  const capacity = new Map(
    ended.map(({ device, capacity: spans }) => [deviceId(device.key), spans]),
  )
  await storeCapacity(store, capacity, { token, clock })
  const stamp = { version, inserted_at: iso(version) }
  const held = ended.flatMap(({ group, device, held: spans }) =>
    spans.map((span): JsonRow => ({
      device_id: deviceId(device.key),
      from_at: iso(span.fromMs),
      to_at: iso(span.toMs),
      source: 'import',
      source_rank: IMPORT_RANK,
      holder: group,
      job: '',
      tenant: device.dimensions.tenant ?? '',
      account: '',
      class: device.dimensions.class ?? '',
      billing: 'unknown',
      confidence: 'derived',
      share_ppm: WHOLE_DEVICE_PPM,
      ...stamp,
    })),
  )
  await insertRows(store, 'allocations', { rows: held, token })
  const scopes = scopeRows(
    ended.map(({ device, capacity: spans }) => ({ device, spans })),
    stamp,
  )
  await insertRows(store, 'allocation_scopes', { rows: scopes, token })
  return ended.length
}

/** Counts say of every device of a node whether somebody held it: where nobody is named, nobody did. */
function scopeRows(
  slots: readonly {
    readonly device: { readonly dimensions: Readonly<{ cluster?: string; node?: string }> }
    readonly spans: readonly Span[]
  }[],
  stamp: JsonRow,
): JsonRow[] {
  const byNode = new Map<string, JsonRow>()
  for (const { device, spans } of slots) {
    const { cluster = '', node = '' } = device.dimensions
    for (const { fromMs, toMs } of spans) {
      const from = iso(fromMs)
      const key = `${node} ${from}`
      const known = byNode.get(key)
      if (known !== undefined && String(known['to_at']) >= iso(toMs)) continue
      byNode.set(key, {
        source: 'import',
        cluster,
        node,
        from_at: from,
        to_at: iso(toMs),
        ...stamp,
      })
    }
  }
  return [...byNode.values()]
}
