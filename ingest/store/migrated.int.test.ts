import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { migrate } from './migrate.ts'
import { migratedDatabase } from './migrated.testing.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())

test('a database that a test is given is what migrating makes, and migrating finds nothing left to do', async () => {
  const { url, user, password, store } = engine
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const migrated = (database: string) =>
    migrate({
      connection: { url, user, password, database },
      profile: { kind: 'single' },
      log: silent,
    })
  await migrated('by_migrating')
  // The second is made from what the first has left behind, whoever made that.
  await migratedDatabase({ url, user, password }, 'given_first')
  await migratedDatabase({ url, user, password }, 'given')
  const schemaOf = async (database: string) =>
    JSON.stringify(
      await store.query(
        `SELECT name, engine_full, sorting_key, replaceAll(create_table_query, concat({database:String}, '.'), '') AS definition
         FROM system.tables WHERE database = {database:String} ORDER BY name`,
        { database },
      ),
    )
  const wanted = await schemaOf('by_migrating')
  expect(wanted).toContain('device_minutes')
  expect(await schemaOf('given_first')).toBe(wanted)
  expect(await schemaOf('given')).toBe(wanted)
  expect(await migrated('given')).toEqual([])
}, 60_000)
