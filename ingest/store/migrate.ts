import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { Logger } from '#schemas/role.ts'
import type { StoreOptions } from './client.ts'
import { whileLocked } from './migration-lock.ts'
import { type Profile, migrationStatements } from './migration-text.ts'
import { connectStore, type Store } from './store.ts'

export interface MigrateOptions {
  /** `database` is created when absent. */
  readonly connection: StoreOptions
  readonly profile: Profile
  readonly log: Logger
  /** Default: the folder beside this file. */
  readonly folder?: string
}

interface Migration {
  readonly number: number
  readonly name: string
  readonly sha256: string
  readonly source: string
}

const AppliedRow = z.object({ number: z.number(), name: z.string(), sha256: z.string() })
type AppliedRow = z.infer<typeof AppliedRow>

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
const FILE_NAME = /^(\d{3})-([a-z0-9-]+)\.sql$/
const STATEMENT_MS_MAX = 600_000

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS schema_migrations {{on_cluster}} (
  number UInt32,
  name String,
  sha256 String,
  applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine:MergeTree}}
ORDER BY number
SETTINGS {{dedup}}`

/**
 * Brings the database to the newest schema; returns the names applied now. Safe to run again, also after
 * it stopped half way, and while another program does the same: that one is waited for. Throws E_MIGRATION_CHANGED, E_STORE_AWAY, E_STORE_TOO_OLD.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(options.folder ?? FOLDER)
  await createDatabase(options)
  const store = connectStore(options.connection)
  try {
    await store.version()
    for (const statement of migrationStatements(BOOKKEEPING, options.profile)) {
      await store.command(statement)
    }
    if (pendingMigrations(migrations, await appliedRows(store)).length === 0) return []
    return await whileLocked({ store, profile: options.profile, log: options.log }, async () => {
      const pending = pendingMigrations(migrations, await appliedRows(store))
      for (const migration of pending) {
        await apply(store, migration, options.profile)
        options.log.info('migration applied', { name: migration.name })
      }
      return pending.map((migration) => migration.name)
    })
  } finally {
    await store.close()
  }
}

const appliedRows = async (store: Store): Promise<AppliedRow[]> =>
  z
    .array(AppliedRow)
    .parse(await store.query('SELECT number, name, sha256 FROM schema_migrations ORDER BY number'))

/** The numbered files of a folder, checked for a plain name and a number of their own. */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  const migrations: Migration[] = []
  for (const file of names) {
    const number = Number(FILE_NAME.exec(file)?.[1])
    if (Number.isNaN(number)) throw new Error(`${file} is not named NNN-name.sql`)
    if (migrations.at(-1)?.number === number)
      throw new Error(`two migrations have number ${number}`)
    const source = await readFile(join(folder, file), 'utf8')
    const sha256 = createHash('sha256').update(source).digest('hex')
    migrations.push({ number, name: file.slice(0, -'.sql'.length), sha256, source })
  }
  return migrations
}

/** What is left to do. Throws E_MIGRATION_CHANGED when what was done is not what the files say. */
export function pendingMigrations(
  migrations: readonly Migration[],
  applied: readonly AppliedRow[],
): Migration[] {
  const byNumber = new Map(migrations.map((migration) => [migration.number, migration]))
  for (const row of applied) {
    const file = byNumber.get(row.number)
    if (file === undefined) {
      throw new PlimsollError(
        'E_MIGRATION_CHANGED',
        `the database has migration ${row.name}, which this program does not know: it is older than the data`,
      )
    }
    if (file.sha256 !== row.sha256) {
      throw new PlimsollError(
        'E_MIGRATION_CHANGED',
        `${file.name} was applied with other contents (sha256 ${row.sha256.slice(0, 12)}, ` +
          `now ${file.sha256.slice(0, 12)}); restore the file and put the change into a new one`,
      )
    }
  }
  const done = new Set(applied.map((row) => row.number))
  return migrations.filter((migration) => !done.has(migration.number))
}

async function apply(store: Store, migration: Migration, profile: Profile): Promise<void> {
  for (const [index, statement] of migrationStatements(migration.source, profile).entries()) {
    try {
      if (await isDone(store, statement)) continue
      await store.command(statement, {}, { maxExecutionMs: STATEMENT_MS_MAX })
    } catch (cause) {
      if (cause instanceof PlimsollError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`${migration.name}, statement ${index + 1}: ${reason}`, { cause })
    }
  }
  const { number, name, sha256 } = migration
  const token = `migration:${name}:${sha256}`
  await store.insertJson('schema_migrations', [{ number, name, sha256 }], token)
}

const UNLESS_COLUMN = /^-- UNLESS COLUMN (\w+)$/m
const ALTERED = /^ALTER TABLE (\w+)/m

/** Whether a statement that cannot be said with IF EXISTS ran already: its table has the column that it makes. */
async function isDone(store: Store, statement: string): Promise<boolean> {
  const column = UNLESS_COLUMN.exec(statement)?.[1]
  const table = ALTERED.exec(statement)?.[1]
  if (column === undefined || table === undefined) return false
  const rows = await store.query(
    `SELECT 1 FROM system.columns
     WHERE database = currentDatabase() AND table = {table:String} AND name = {column:String}`,
    { table, column },
  )
  return rows.length > 0
}

async function createDatabase({ connection, profile }: MigrateOptions): Promise<void> {
  const database = connection.database ?? 'default'
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database)) {
    throw new PlimsollError('E_CONFIG_INVALID', `${database} is not a database name`)
  }
  const cluster = profile.kind === 'single' ? '' : ` ON CLUSTER '${profile.cluster}'`
  const { database: _, ...unbound } = connection
  const admin = connectStore(unbound)
  try {
    await admin.command(`CREATE DATABASE IF NOT EXISTS \`${database}\`${cluster}`)
  } finally {
    await admin.close()
  }
}
