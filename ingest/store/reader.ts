import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client'
import type { QueryValue, Reader, ReadLimits } from '#schemas/ports.ts'
import { openClient, storeError, type StoreOptions } from './client.ts'

/** What a read may cost when its query asks for nothing else. */
export const READ_DEFAULTS: Required<ReadLimits> = {
  maxExecutionMs: 15_000,
  maxRowsToRead: 1_000_000_000,
  maxResultRows: 500_000,
}
const READ_MEMORY_BYTES_MAX = 2 * 1024 * 1024 * 1024
/** Beyond this a client gives up waiting, whatever the store says. */
const READ_TIMEOUT_MS = 45_000
const READ_CONNECTIONS_MAX = 8

export interface StoreReader extends Reader {
  close(): Promise<void>
}

/**
 * Read-only access on connections of its own, so that reads never wait for inserts. Every statement goes
 * out with readonly=1 and its limits.
 */
export function connectReader(options: StoreOptions): StoreReader {
  const client = openClient(options, {
    requestTimeoutMs: READ_TIMEOUT_MS,
    connectionsMax: READ_CONNECTIONS_MAX,
  })
  return {
    query: (sql, params, limits) => readRows(client, sql, { params, limits: limits ?? {} }),
    async ping() {
      const { success } = await client.ping({ select: true })
      return success
    },
    close: () => client.close(),
  }
}

export interface ReadRequest {
  readonly params: Readonly<Record<string, QueryValue>>
  readonly limits: ReadLimits
}

/** Runs one SELECT read-only; rows as JSON objects, 64-bit integers as strings. */
export async function readRows(
  client: ClickHouseClient,
  sql: string,
  request: ReadRequest,
): Promise<unknown[]> {
  try {
    const result = await client.query({
      query: sql,
      format: 'JSONEachRow',
      query_params: request.params,
      clickhouse_settings: readSettings(request.limits),
    })
    return await result.json<unknown>()
  } catch (error) {
    throw storeError(error)
  }
}

function readSettings(limits: ReadLimits): ClickHouseSettings {
  const { maxExecutionMs, maxRowsToRead, maxResultRows } = { ...READ_DEFAULTS, ...limits }
  return {
    max_execution_time: maxExecutionMs / 1_000,
    max_rows_to_read: String(maxRowsToRead),
    max_result_rows: String(maxResultRows),
    max_memory_usage: String(READ_MEMORY_BYTES_MAX),
    output_format_json_quote_64bit_integers: 1,
    readonly: '1',
  }
}
