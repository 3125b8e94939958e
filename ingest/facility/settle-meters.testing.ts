import type { FacilityBook } from '#schemas/facility.ts'
import type { TestEngine } from '../engine/engine.testing.ts'
import { facilityRows } from '../journal/facility.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { silent } from '../worker/ingest.testing.ts'
import { meterBlocks, type MeterRow } from '../worker/meter-rows.ts'
import { iso } from '../worker/rows.ts'
import { createMeterSettling, type MeterSettling } from './settle-meters.ts'

/** A store of its own, with meters that are settled by a clock that only the test moves. */
export interface MeterSite {
  readonly store: Store
  readonly clock: { nowMs: number }
  /** Stores values of a meter, as ingest would at `storedMs` (default: now). */
  tell(
    meter: string,
    values: readonly (readonly [atMs: number, value: number])[],
    more?: { readonly metric?: string; readonly storedMs?: number; readonly stepMs?: number },
  ): Promise<void>
  /** Writes rows of the tree, as the journal's mirror would. */
  enter(book: FacilityBook): Promise<void>
  /** Settles all there is, by the process that runs or a new one; returns how many pieces. */
  settle(fails?: (what: string) => 'before' | 'after' | 'no'): Promise<number>
  restart(): void
  kills(): number
  /** Rows of a table as they count, without when they were read. */
  rows(table: 'facility_15m' | 'meter_energy_15m' | 'facility_restatements'): Promise<unknown[]>
}

export async function openMeterSite(
  engine: TestEngine,
  nowMs: number,
  rawRetentionMs: number = 14 * 86_400_000,
): Promise<MeterSite> {
  const store = await freshStore(engine)
  const clock = { nowMs }
  let told = 0
  let fail: (what: string) => 'before' | 'after' | 'no' = () => 'no'
  let isKilled = false
  let [kills, complaint] = [0, '']
  const cut = async (what: string, run: () => Promise<void>) => {
    const how = fail(what)
    if (how !== 'before') await run()
    if (how === 'no') return
    isKilled = true
    throw new Error(`killed ${how} ${what}`)
  }
  const failing = {
    query: (...query: Parameters<Store['query']>) => store.query(...query),
    insertJson: (...insert: Parameters<Store['insertJson']>) =>
      insert[1].length === 0
        ? Promise.resolve()
        : cut(insert[0], () => store.insertJson(...insert)),
    command: (...command: Parameters<Store['command']>) =>
      cut('revisions', () => store.command(...command)),
  }
  const start = (): MeterSettling =>
    createMeterSettling({
      store: failing,
      clock: () => clock.nowMs,
      log: { ...silent, warn: (_, fields) => void (complaint = String(fields?.['cause'])) },
      fence: null,
      skewMs: 0,
      rawRetentionMs,
    })
  let settling = start()
  return {
    store,
    clock,
    async tell(meter, values, { metric = 'energy_joules_total', storedMs, stepMs = 30_000 } = {}) {
      const rows = values.map(([atMs, value]): MeterRow => {
        return { atMs, meter, metric, stepMs, logPosition: (told += 1), value }
      })
      for (const { columns, rows: count } of meterBlocks(rows, storedMs ?? clock.nowMs))
        await store.insertNative('samples_meter', columns, count, `tell:${told}`)
    },
    async enter(book) {
      const rows = facilityRows(book, (told += 1)).map(({ fromMs, ...row }) => ({
        ...row,
        from_at: iso(fromMs),
        inserted_at: iso(clock.nowMs),
      }))
      await store.insertJson('facility_rows', rows, `enter:${told}`)
    },
    async settle(fails = () => 'no') {
      fail = fails
      let pieces = 0
      // What is known is looked at every ten seconds, and what changed is left alone for a minute.
      for (let quiet = 0; quiet < 8;) {
        if (await settling.step()) [pieces, quiet] = [pieces + 1, 0]
        else quiet += 1
        if (isKilled) {
          // Another process goes on.
          ;[settling, isKilled, complaint, quiet] = [start(), false, '', 0]
          kills += 1
        }
        if (complaint !== '') throw new Error(complaint)
        clock.nowMs += 10_000
      }
      fail = () => 'no'
      return pieces
    },
    kills: () => kills,
    restart() {
      settling = start()
    },
    async rows(table) {
      const isLog = table === 'facility_restatements'
      const columns = isLog ? '* EXCEPT (at, revision)' : '* EXCEPT (revision, as_of)'
      const name = isLog ? table : `${table} FINAL`
      const order = table === 'meter_energy_15m' ? 'meter' : 'scope'
      return store.query(`SELECT ${columns} FROM ${name} ORDER BY bucket, ${order}`)
    },
  }
}
