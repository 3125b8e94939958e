import type { Store } from '../store/store.ts'
import type { IntentBody } from '../bus/intents.ts'
import { batchColumns, batchJson, batchRows } from './batch-rows.ts'
import { noteRow } from './insert-notes.ts'
import { insertToken } from './intent.ts'
import { aliasRow, deviceRow, intervalRow, iso, quarantineRow, type JsonRow } from './rows.ts'
import type { Staged } from './stage.ts'
import { meterBlocks } from './meter-rows.ts'
import { tallBlocks, type TallRow } from './tall-rows.ts'

export interface WriteContext {
  readonly store: Pick<Store, 'insertJson' | 'insertNative'>
  readonly intent: IntentBody
  /** Runs one insert again and again until it succeeds; rejects when the shard stops. */
  readonly persist: (insert: () => Promise<void>) => Promise<void>
  readonly clock: () => number
}

/**
 * Writes one staged insert: what explains the samples first, a note of them, the samples, then `batches`, which
 * says that they are there. Every table has its own token of the same range.
 */
export async function writeTables(staged: Staged, context: WriteContext): Promise<void> {
  const { intent, store, persist } = context
  const { shard, epoch } = intent
  const json = async (table: string, rows: readonly JsonRow[]) => {
    if (rows.length === 0) return
    const token = insertToken(intent, table)
    await persist(() => store.insertJson(table, rows, token))
  }
  /** Other processes look for what was stored lately: each attempt says its own time. */
  const stamped = async (table: string, rows: readonly JsonRow[]) => {
    if (rows.length === 0) return
    const token = insertToken(intent, table)
    await persist(() => {
      const inserted_at = iso(context.clock())
      const stored = rows.map((row) => ({ ...row, inserted_at }))
      return store.insertJson(table, stored, token)
    })
  }
  const place = { shard, epoch }
  await json(
    'quarantine',
    staged.poison.map((one) => quarantineRow(one, place)),
  )
  await stamped('intervals', staged.retired.map(intervalRow))
  await stamped('device_aliases', staged.aliases.map(aliasRow))
  await stamped('devices', staged.devices.map(deviceRow))
  await stamped('events', staged.records.events)
  await json('collection_targets', staged.records.targets)
  await json('node_facts', staged.records.facts)
  await writeTall('samples_node', staged.records.nodes, context)
  await writeTall('samples_link', staged.records.links, context)
  await writeMeters(staged, context)
  const { samples } = staged
  const stored = batchRows(staged)
  if (samples.rows > 0) {
    await json('insert_notes', [noteRow(intent, samples, stored.map(batchJson), context.clock())])
    const token = insertToken(intent, 'samples')
    await persist(() => store.insertNative('samples', samples.columns, samples.rows, token))
  }
  samples.release()
  if (stored.length === 0) return
  const token = insertToken(intent, 'batches')
  await persist(() => {
    const columns = batchColumns(stored, intent, context.clock())
    return store.insertNative('batches', columns, stored.length, token)
  })
}

/** Each block is an insert under its own token: a token covers one block only. */
async function writeTall(
  table: 'samples_node' | 'samples_link',
  rows: readonly TallRow[],
  { store, intent, persist }: WriteContext,
): Promise<void> {
  for (const [part, block] of tallBlocks(rows, table).entries()) {
    const token = insertToken(intent, part === 0 ? table : `${table}.${part}`)
    await persist(() => store.insertNative(table, block.columns, block.rows, token))
  }
}

async function writeMeters(
  { records }: Staged,
  { store, intent, persist, clock }: WriteContext,
): Promise<void> {
  const parts = meterBlocks(records.meters, 0).length
  for (let part = 0; part < parts; part++) {
    const token = insertToken(intent, part === 0 ? 'samples_meter' : `samples_meter.${part}`)
    await persist(async () => {
      const block = meterBlocks(records.meters, clock())[part]
      if (block !== undefined)
        await store.insertNative('samples_meter', block.columns, block.rows, token)
    })
  }
}
