import {
  type ClickHouseClient,
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client'
import { PlimsollError } from '#schemas/errors.ts'

/** How to reach a ClickHouse server or the engine role. */
export interface StoreOptions {
  readonly url: string
  readonly user?: string
  readonly password?: string
  /** Plain word; absent = `default`. */
  readonly database?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface ClientLimits {
  readonly requestTimeoutMs: number
  readonly connectionsMax: number
}

/** A client that logs nothing itself: errors reach the caller, who knows what they mean. */
export function openClient(options: StoreOptions, limits: ClientLimits): ClickHouseClient {
  return createClient({
    url: options.url,
    username: options.user ?? 'default',
    password: options.password ?? '',
    database: options.database ?? 'default',
    http_headers: { ...options.headers },
    request_timeout: limits.requestTimeoutMs,
    max_open_connections: limits.connectionsMax,
    // Lists of thousands of device ids do not fit into a URL.
    use_multipart_params_auto: true,
    log: { level: ClickHouseLogLevel.OFF },
  })
}

/** Error codes of ClickHouse (src/Common/ErrorCodes.cpp) that a person can meet through us. */
const TIMEOUT_CODES = new Set(['159', '160', '394', '209'])
const TOO_LARGE_CODES = new Set(['158', '241', '307', '396', '191'])
const AWAY_CODES = new Set(['202', '210', '516', '194', '192', '236', '242', '999'])

/** UNKNOWN_TABLE, UNKNOWN_DATABASE. */
const EMPTY_CODES = new Set(['60', '81'])

/** Turns what the client throws into our codes; what is neither limit nor absence stays as it is. */
export function storeError(error: unknown): unknown {
  if (error instanceof ClickHouseError) {
    if (TIMEOUT_CODES.has(error.code)) return coded('E_QUERY_TIMEOUT', error)
    if (TOO_LARGE_CODES.has(error.code)) return coded('E_QUERY_TOO_LARGE', error)
    if (EMPTY_CODES.has(error.code)) return notMigrated(error)
    return AWAY_CODES.has(error.code) ? coded('E_STORE_AWAY', error) : error
  }
  return error instanceof Error && isNetworkError(error) ? coded('E_STORE_AWAY', error) : error
}

function isNetworkError(error: Error): boolean {
  if ('code' in error && typeof error.code === 'string') {
    return /^(E[A-Z_]+|ERR_STREAM_PREMATURE_CLOSE)$/.test(error.code)
  }
  return /^Timeout error|socket hang up|aborted|getaddrinfo/i.test(error.message)
}

const notMigrated = (cause: Error) =>
  new PlimsollError(
    'E_STORE_EMPTY',
    `${cause.message.trim().slice(0, 300)} Run plimsoll migrate first`,
    { cause },
  )

function coded(code: 'E_QUERY_TIMEOUT' | 'E_QUERY_TOO_LARGE' | 'E_STORE_AWAY', cause: Error) {
  return new PlimsollError(code, cause.message.slice(0, 500), { cause })
}
