import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { freshStore } from '../pipeline.testing.ts'
import type { Store } from '../store/store.ts'
import { createLedger } from './ledger.ts'
import { createLocalDays } from './local-day.ts'
import type { Work } from './plan.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000

let engine: TestEngine
let store: Store
beforeAll(async () => {
  engine = await startTestEngine()
  store = await freshStore(engine)
})
afterAll(async () => {
  await store.close()
  await engine.stop()
})

/** A store that gives up on the first write into a table while the server still works on it. */
function losingFirst(table: string) {
  let late: (() => Promise<void>) | null = null
  const own: Pick<Store, 'command' | 'query'> = {
    query: (...asked) => store.query(...asked),
    command(text, params, options) {
      if (late !== null || !text.includes(`INSERT INTO ${table}\n`))
        return store.command(text, params, options)
      late = () => store.command(text, params, options)
      return Promise.reject(new Error('the answer was lost'))
    },
  }
  return { own, land: () => late?.() }
}

const minutes = (count: number, reason: 'late rows' | null = null): Work => ({
  kind: 'minutes',
  fromMs: T0,
  toMs: T0 + count * MINUTE,
  reason,
})

const PUBLISHED = (table: string) => `
  SELECT sum(capacity_ms) AS capacity, max(revision) AS latest FROM ${table}
  WHERE bucket = fromUnixTimestamp64Milli({at:Int64}, 'UTC')
    AND (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)`

it.each(['ledger_1m', 'ledger_1m_group'])(
  'counts nothing twice when the answer of a write into %s is lost and the write lands after all, in whatever pieces it is repeated',
  async (table) => {
    for (const name of ['ledger_1m', 'ledger_1m_group', 'revisions', 'intervals'])
      await store.command(`TRUNCATE TABLE ${name}`)
    const interval = {
      kind: 'capacity',
      device_id: 1,
      from_at: new Date(T0).toISOString(),
      to_at: '2100-01-01T00:00:00.000Z',
      version: 1,
    }
    await store.insertJson('intervals', [interval], `lost-${table}`)
    const { own, land } = losingFirst(table)
    const ledger = await createLedger(own, () => T0 + 3 * MINUTE, { dayOf: createLocalDays('UTC') })
    await expect(ledger.settle(minutes(1))).rejects.toThrow('the answer was lost')
    const revision = await ledger.settle(minutes(2))
    await land()
    for (const name of ['ledger_1m', 'ledger_1m_group'])
      expect(await store.query(PUBLISHED(name), { at: T0 })).toEqual([
        { capacity: String(MINUTE), latest: revision },
      ])
    // And it goes on above: what has been left behind is not published later either.
    expect(await ledger.settle(minutes(1, 'late rows'))).toBe(revision + 1)
    expect(await store.query(PUBLISHED('ledger_1m'), { at: T0 })).toMatchObject([
      { capacity: String(MINUTE) },
    ])
  },
)
