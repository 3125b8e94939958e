import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '#schemas/role.ts'
import { migratedDatabase } from '../store/migrated.testing.ts'
import { connectReader, type StoreReader } from '../store/reader.ts'
import { connectStore, type Store } from '../store/store.ts'
import { createEngine, type EngineAddress } from './supervisor.ts'

export interface TestEngine extends EngineAddress {
  readonly database: string
  readonly dataDir: string
  /** Credentials as headers, for requests made by hand. */
  readonly headers: Readonly<Record<string, string>>
  readonly store: Store
  readonly reader: StoreReader
  /** kill -9 of the engine; the supervisor brings it back at the same address. */
  kill(): void
  stop(): Promise<void>
}

export interface TestEngineOptions {
  /** Apply ingest/store/migrations; default false. */
  readonly migrated?: boolean
  readonly memoryBytes?: number
}

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A real engine in a temporary folder with an empty (or migrated) database `plimsoll`. */
export async function startTestEngine(options: TestEngineOptions = {}): Promise<TestEngine> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plimsoll-engine-'))
  const memoryBytes = options.memoryBytes ?? 2 * 1024 ** 3
  const engine = createEngine({ dataDir, log: silent, memoryBytes })
  await engine.start()
  const address = engine.address()
  const connection = { ...address, database: 'plimsoll' }
  if (options.migrated === true) await migratedDatabase(address, 'plimsoll')
  else {
    const admin = connectStore(address)
    await admin.command('CREATE DATABASE IF NOT EXISTS plimsoll')
    await admin.close()
  }
  const store = connectStore(connection)
  const reader = connectReader(connection)
  return {
    ...connection,
    dataDir,
    headers: { 'x-clickhouse-user': address.user, 'x-clickhouse-key': address.password },
    store,
    reader,
    kill: () => engine.kill(),
    async stop() {
      await Promise.all([store.close(), reader.close()])
      await engine.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
