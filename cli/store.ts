import { join } from 'node:path'
import { createEngine } from '../ingest/engine/supervisor.ts'
import type { StoreOptions } from '../ingest/store/client.ts'
import { migrate } from '../ingest/store/migrate.ts'
import type { Logger, Role } from '#schemas/role.ts'
import type { Settings } from './settings.ts'

/** The database every role uses unless CLICKHOUSE_URL names another. */
const DATABASE = 'plimsoll'

/** Where the store is: a server by URL, or the embedded engine that starts with this process. */
export interface StoreAccess {
  /** Roles to start first; empty with a server. */
  readonly roles: readonly Role[]
  /** Connection, valid once the roles above have started. */
  connection(): StoreOptions
}

export function storeAccess(settings: Settings, log: Logger): StoreAccess {
  if (settings.clickhouseUrl !== undefined) {
    const connection = fromUrl(settings.clickhouseUrl)
    return { roles: [], connection: () => connection }
  }
  const engine = createEngine({ dataDir: join(settings.dataDir, 'engine'), log })
  return { roles: [engine], connection: () => ({ ...engine.address(), database: DATABASE }) }
}

/** Splits `http://user:password@host:8123/database`. */
export function fromUrl(text: string): StoreOptions {
  const url = new URL(text)
  const database = url.pathname.replace(/^\//, '') || DATABASE
  const user = decodeURIComponent(url.username) || 'default'
  const password = decodeURIComponent(url.password)
  return { url: url.origin, user, password, database }
}

/** Brings the tables up to date on a single server or the engine. */
export async function migrateSingle(access: StoreAccess, log: Logger): Promise<void> {
  await migrate({ connection: access.connection(), profile: { kind: 'single' }, log })
}
