import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Logger } from '#schemas/role.ts'
import type { StoreOptions } from './client.ts'
import { migrate, readMigrations } from './migrate.ts'
import { connectStore, type Store } from './store.ts'

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
/** Statements under way at once: what the engine's lane of writes takes. */
const WIDTH = 2

/** What migrating leaves behind in an empty database: every table and view as one statement, and the bookkeeping. */
const Schema = z.object({
  database: z.string(),
  statements: z.array(z.string()),
  applied: z.array(z.record(z.string(), z.unknown())),
})
type Schema = z.infer<typeof Schema>

/**
 * Gives a test a migrated database. The first of a run migrates, later ones create at once what that left behind: half
 * of the CPU and a third of the time. `migrated.int.test.ts` compares the two.
 */
export async function migratedDatabase(connection: StoreOptions, database: string): Promise<void> {
  const path = join(tmpdir(), `plimsoll-schema-${await schemaKey()}.json`)
  const known = await readSchema(path)
  if (known !== null) return createFrom(known, connection, database)
  await migrate({
    connection: { ...connection, database },
    profile: { kind: 'single' },
    log: silent,
  })
  const schema = await schemaOf(connection, database)
  // Other test files run at the same time: whole or not there.
  const draft = `${path}.${process.pid}`
  await writeFile(draft, JSON.stringify(schema))
  await rename(draft, path)
}

/** Changes with every migration, what applies them, and the engine. */
async function schemaKey(): Promise<string> {
  const hash = createHash('sha256')
  for (const { sha256 } of await readMigrations(FOLDER)) hash.update(sha256)
  for (const name of ['./migrate.ts', './migration-text.ts', '../../package-lock.json'])
    hash.update(await readFile(new URL(name, import.meta.url)))
  return hash.digest('hex').slice(0, 20)
}

async function readSchema(path: string): Promise<Schema | null> {
  try {
    return Schema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}

async function schemaOf(connection: StoreOptions, database: string): Promise<Schema> {
  const store = connectStore({ ...connection, database })
  try {
    const rows = await store.query(
      `SELECT create_table_query AS statement FROM system.tables
       WHERE database = {database:String} ORDER BY engine = 'View', name`,
      { database },
    )
    const applied = await store.query(
      'SELECT number, name, sha256 FROM schema_migrations ORDER BY number',
    )
    const statements = z
      .array(z.object({ statement: z.string() }))
      .parse(rows)
      .map(({ statement }) => statement)
    return Schema.parse({ database, statements, applied })
  } finally {
    await store.close()
  }
}

async function createFrom(
  schema: Schema,
  connection: StoreOptions,
  database: string,
): Promise<void> {
  const admin = connectStore(connection)
  try {
    await admin.command(`CREATE DATABASE IF NOT EXISTS ${database}`)
    const statements = schema.statements.map((one) =>
      one.replaceAll(`${schema.database}.`, `${database}.`),
    )
    const tables = statements.filter((one) => !one.startsWith('CREATE VIEW'))
    await runAll(admin, tables)
    await runAll(
      admin,
      statements.filter((one) => one.startsWith('CREATE VIEW')),
    )
    await admin.insertJson(`${database}.schema_migrations`, schema.applied, 'applied')
  } finally {
    await admin.close()
  }
}

async function runAll(store: Store, statements: readonly string[]): Promise<void> {
  const left = [...statements]
  const work = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await store.command(one)
  }
  await Promise.all(Array.from({ length: WIDTH }, work))
}
