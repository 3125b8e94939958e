import { Readable } from 'node:stream'
import { type ClickHouseClient, ClickHouseError, type ClickHouseSettings } from '@clickhouse/client'
import { PlimsollError } from '#schemas/errors.ts'
import type { QueryValue, ReadLimits } from '#schemas/ports.ts'
import { openClient, storeError, type StoreOptions } from './client.ts'
import { jsonLines } from './json-lines.ts'
import { type NativeColumn, nativeBlock } from './native-block.ts'
import { readRows } from './reader.ts'
import { createRowsFiles, type RowsFile, type RowsFiles } from './rows-file.ts'
import { ROWS_FILE_HEADER, ROWS_FOLDER_HEADER } from '../engine/rows-headers.ts'

export interface CommandOptions {
  /** Deduplication token of an INSERT ... SELECT. */
  readonly token?: string
  /** Default WRITE_EXECUTION_MS. */
  readonly maxExecutionMs?: number
}

/**
 * The store: the embedded engine or a ClickHouse server, behind one implementation.
 * Everything rejects with E_STORE_AWAY when it does not answer; then the outcome of an insert is unknown,
 * and repeating it with the same token and the same rows is safe.
 */
export interface Store {
  /** DDL, INSERT ... SELECT and whatever else returns nothing. Never async, never without its limit. */
  command(
    sql: string,
    params?: Readonly<Record<string, QueryValue>>,
    options?: CommandOptions,
  ): Promise<void>
  /** One read-only statement; 64-bit integers arrive as strings. */
  query(
    sql: string,
    params?: Readonly<Record<string, QueryValue>>,
    limits?: ReadLimits,
  ): Promise<unknown[]>
  /**
   * Inserts one block of columns, all or nothing. Rows that went in under the same token before are not
   * stored again. The arrays must not change until this resolves.
   */
  insertNative(
    table: string,
    columns: readonly NativeColumn[],
    rows: number,
    token: string,
  ): Promise<void>
  /**
   * Inserts small numbers of rows as objects (bigint allowed). Refuses unknown columns and non-finite
   * numbers, which JSON would damage in silence.
   */
  insertJson(
    table: string,
    rows: readonly Readonly<Record<string, unknown>>[],
    token: string,
  ): Promise<void>
  ping(): Promise<boolean>
  /** The server's version. Throws E_STORE_TOO_OLD below 25.8. */
  version(): Promise<string>
  close(): Promise<void>
}

/** Longest statement that writes; settling a day again is the longest known. */
export const WRITE_EXECUTION_MS = 300_000
const WRITE_TIMEOUT_MS = WRITE_EXECUTION_MS + 10_000
const WRITE_CONNECTIONS_MAX = 6
/** Oldest server with what the queries use (the LTS release of August 2025). */
const OLDEST = { major: 25, minor: 8 }

/** Opens connections lazily: a store that is away is noticed by the first call. */
export function connectStore(options: StoreOptions): Store {
  const client = openClient(options, {
    requestTimeoutMs: WRITE_TIMEOUT_MS,
    connectionsMax: WRITE_CONNECTIONS_MAX,
  })
  const files = createRowsFiles(options.url)
  return {
    async command(sql, params = {}, { token, maxExecutionMs = WRITE_EXECUTION_MS } = {}) {
      const settings: ClickHouseSettings = { max_execution_time: maxExecutionMs / 1_000 }
      if (token !== undefined) Object.assign(settings, insertSettings(token))
      await guarded(() =>
        client.command({ query: sql, query_params: params, clickhouse_settings: settings }),
      )
    },
    query: (sql, params = {}, limits = {}) => readRows(client, sql, { params, limits }),
    insertNative: (table, columns, rows, token) =>
      insertBody(
        { client, files },
        {
          query: `INSERT INTO ${tableName(table)} (${columns.map(columnName).join(', ')}) FORMAT Native`,
          body: nativeBlock(columns, rows),
          settings: insertSettings(token),
        },
      ),
    async insertJson(table, rows, token) {
      if (rows.length === 0) return
      await insertBody(
        { client, files },
        {
          query: `INSERT INTO ${tableName(table)} FORMAT JSONEachRow`,
          body: [jsonLines(rows)],
          settings: {
            ...insertSettings(token),
            input_format_skip_unknown_fields: 0,
            date_time_input_format: 'best_effort',
          },
        },
      )
    },
    async ping() {
      return (await client.ping({ select: true })).success
    },
    version: () => checkedVersion(client),
    close: () => client.close(),
  }
}

const insertSettings = (token: string): ClickHouseSettings => ({
  insert_deduplication_token: token,
  // On by default in new servers; it would answer before the rows are stored and ignore the token.
  async_insert: 0,
})

async function guarded<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw storeError(error)
  }
}

interface InsertBody {
  readonly query: string
  readonly body: Uint8Array[]
  readonly settings: ClickHouseSettings
}
interface Inserting {
  readonly client: ClickHouseClient
  readonly files: RowsFiles
}

async function insertBody({ client, files }: Inserting, insert: InsertBody): Promise<void> {
  const { query, body } = insert
  const limit = { max_execution_time: WRITE_EXECUTION_MS / 1_000 }
  const request = { query, clickhouse_settings: { ...insert.settings, ...limit } }
  await guarded(async () => {
    const file = await files.write(body)
    if (file !== null && (await insertFile({ client, files }, request, file))) return
    // exec, not insert: the client's insert() knows text formats only and crashes on a binary stream.
    const values = Readable.from(body, { objectMode: false })
    const { stream, response_headers } = await client.exec({ ...request, values })
    for await (const _ of stream) {
      // Unread answers keep their socket busy.
    }
    files.learn(response_headers)
  })
}

/** FILE_DOESNT_EXIST, CANNOT_OPEN_FILE; NO_DATA_TO_INSERT of one that knows nothing of files. */
const NO_FILE = new Set(['107', '76', '108'])

/** False when the engine did not read the file: it then has inserted nothing. */
async function insertFile(
  { client, files }: Inserting,
  request: { readonly query: string; readonly clickhouse_settings: ClickHouseSettings },
  file: RowsFile,
): Promise<boolean> {
  try {
    const { response_headers } = await client.command({
      ...request,
      http_headers: { [ROWS_FILE_HEADER]: file.name },
    })
    // Who does not name its folder is not the engine that did: a server took the statement for one without rows.
    if (response_headers[ROWS_FOLDER_HEADER] !== undefined) return true
  } catch (error) {
    if (!(error instanceof ClickHouseError && NO_FILE.has(error.code))) throw error
  } finally {
    await file.remove()
  }
  files.giveUp()
  return false
}

const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/

/** Checked, not escaped: tables and columns come from our own migrations. */
function tableName(table: string): string {
  if (!table.split('.').every((part) => WORD.test(part))) {
    throw new RangeError(`${table} is not a table name`)
  }
  return table
}

function columnName(column: NativeColumn): string {
  if (!WORD.test(column.name)) throw new RangeError(`${column.name} is not a column name`)
  return `\`${column.name}\``
}

async function checkedVersion(client: ClickHouseClient): Promise<string> {
  const text = await guarded(async () => {
    const result = await client.query({
      query: 'SELECT version() AS version',
      format: 'TabSeparated',
    })
    return (await result.text()).trim()
  })
  requireVersion(text)
  return text
}

/** Throws E_STORE_TOO_OLD for a version below the oldest supported one. */
export function requireVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return
  throw new PlimsollError(
    'E_STORE_TOO_OLD',
    `ClickHouse ${version} answers; ${OLDEST.major}.${OLDEST.minor} or newer is needed`,
  )
}
