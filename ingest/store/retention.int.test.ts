import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { applyRetention, DEFAULT_RETENTION } from './retention.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
})
afterAll(() => engine.stop())

const rows = () => engine.store.query('SELECT toUInt32(count()) AS n FROM samples')
const insert = (daysAgo: number) =>
  engine.store.insertJson(
    'samples',
    [
      {
        ts: new Date(Date.now() - daysAgo * 86_400_000).toISOString(),
        device_id: 1,
        step_ms: 10_000,
      },
    ],
    `row-${daysAgo}`,
  )

describe('retention', () => {
  it('drops what is older than its table keeps, and can be applied at every start', async () => {
    await insert(1)
    await insert(40)
    expect(await rows()).toEqual([{ n: 2 }])
    await applyRetention(engine.store, DEFAULT_RETENTION)
    await applyRetention(engine.store, { ...DEFAULT_RETENTION, raw: 13 })
    await engine.store.command('OPTIMIZE TABLE samples FINAL')
    expect(await rows()).toEqual([{ n: 1 }])
    const [table] = await engine.store.query('SHOW CREATE TABLE batches')
    expect(JSON.stringify(table)).toContain('toIntervalDay(45)')
    const [targets] = await engine.store.query('SHOW CREATE TABLE collection_targets')
    expect(JSON.stringify(targets)).toContain('TTL toDateTime(at) + toIntervalDay(30)')
  })

  it('refuses what would break restating, and changes nothing then', async () => {
    const broken = { ...DEFAULT_RETENTION, raw: 20, minutes: 21 }
    await expect(applyRetention(engine.store, broken)).rejects.toMatchObject({
      code: 'E_RETENTION',
    })
    const [table] = await engine.store.query('SHOW CREATE TABLE samples')
    expect(JSON.stringify(table)).not.toContain('toIntervalDay(20)')
  })

  it('keeps what is stored by sequence, as rows and as runs, and when minutes got samples, alike', async () => {
    for (const name of ['batches', 'batch_runs', 'batch_minutes']) {
      const [table] = await engine.store.query(`SHOW CREATE TABLE ${name}`)
      expect(JSON.stringify(table)).toContain('toIntervalDay(45)')
    }
  })
})
