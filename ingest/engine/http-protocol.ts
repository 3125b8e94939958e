import { setParameters, sqlString } from './params.ts'
import { refuseParameter, refuseReadonly, refuseSetting, refuseSyntax } from './refusal.ts'
import {
  type InsertTarget,
  insertTarget,
  isInsert,
  isRead,
  refuseOutside,
  singleStatement,
} from './sql-text.ts'

/**
 * The pure half of the engine's HTTP interface: what a request of @clickhouse/client asks for, as one
 * statement with its settings. Facts about the protocol: ClickHouse docs, "HTTP interface"; what the
 * client sends was read from @clickhouse/client 1.23.1 (connection/node_base_connection).
 */
export interface EngineRequest {
  readonly method: string
  /** Query string of the URL, parsed; repeated keys keep the last value. */
  readonly url: ReadonlyMap<string, string>
  /** The body as text when it is (or holds) the statement; null when it holds rows to insert. */
  readonly statement: string | null
  /** `param_*` fields of a multipart body. */
  readonly fields?: ReadonlyMap<string, string>
}

export interface StatementPlan {
  readonly lane: 'read' | 'write'
  readonly text: string
  /** Present when the rows come in the body. */
  readonly insert: InsertTarget | null
  readonly settings: ReadonlyMap<string, string>
  readonly params: ReadonlyMap<string, string>
  readonly database: string | null
  /** Used when the statement names no FORMAT. */
  readonly format: string
}

/** Limits of a read; a request may ask for less, never for more. */
export const READ_LIMITS: ReadonlyMap<string, number> = new Map([
  ['max_execution_time', 30],
  ['max_rows_to_read', 2_000_000_000],
  ['max_result_rows', 2_000_000],
  ['max_result_bytes', 256 * 1024 * 1024],
  ['max_memory_usage', 2 * 1024 * 1024 * 1024],
])
/** Longest write (a repair that settles a day again); inserts take milliseconds. */
export const WRITE_EXECUTION_S_MAX = 600

const NUMBER = /^\d{1,15}(\.\d{1,6})?$/
const FLAG = /^[01]$/

/** What a request may set, and how the value must look. All else is refused by name, never dropped. */
const HONOURED: Readonly<Record<string, RegExp>> = {
  insert_deduplication_token: /^[\x20-\x7e]{1,255}$/,
  async_insert: /^0$/,
  max_execution_time: NUMBER,
  max_rows_to_read: NUMBER,
  max_result_rows: NUMBER,
  max_result_bytes: NUMBER,
  max_memory_usage: NUMBER,
  readonly: /^[012]$/,
  output_format_json_quote_64bit_integers: FLAG,
  input_format_skip_unknown_fields: FLAG,
  date_time_input_format: /^(basic|best_effort)$/,
}
/** Settings of the server's HTTP layer alone: the engine's answers are whole, plain and uncompressed. */
const MEANINGLESS = new Set([
  'query_id',
  'wait_end_of_query',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'http_write_exception_in_output_format',
  'enable_http_compression',
  'wait_for_async_insert',
  'cancel_http_readonly_queries_on_client_close',
])

/** Turns a request into a plan; throws an EngineRefusal in the server's words. */
export function planRequest(request: EngineRequest): StatementPlan {
  const parts = [request.url.get('query') ?? '', request.statement ?? ''].filter(
    (part) => part !== '',
  )
  if (parts.length > 1) throw refuseSyntax('a statement in the URL takes no statement in the body')
  const { text, tokens } = singleStatement(parts.join(''))
  refuseOutside(tokens)
  const { settings, params } = splitUrl(request)
  const lane = isRead(tokens) ? 'read' : 'write'
  const readonly = settings.get('readonly') ?? (request.method === 'GET' ? '1' : '0')
  if (lane === 'write' && readonly !== '0') {
    throw refuseReadonly('Cannot execute query in readonly mode')
  }
  settings.delete('readonly')
  const insert = insertTarget(text, tokens)
  applyLimits(lane, settings)
  if (isInsert(tokens)) settings.set('async_insert', '0')
  return {
    lane,
    text,
    insert,
    settings,
    params,
    database: request.url.get('database') ?? null,
    format: formatName(request.url.get('default_format') ?? 'TabSeparated'),
  }
}

function splitUrl(request: EngineRequest) {
  const settings = new Map<string, string>()
  const params = new Map<string, string>()
  for (const [key, value] of [...request.url, ...(request.fields ?? [])]) {
    if (key.startsWith('param_')) params.set(key.slice('param_'.length), value)
    else if (HONOURED[key] !== undefined) settings.set(key, checked(key, value, HONOURED[key]))
    else if (!isKnownKey(key)) {
      throw refuseSetting(`the embedded engine does not take the setting '${key.slice(0, 80)}'`)
    }
  }
  return { settings, params }
}

const isKnownKey = (key: string) =>
  key === 'query' || key === 'database' || key === 'default_format' || MEANINGLESS.has(key)

function checked(key: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value)) throw refuseSetting(`the value of the setting '${key}' is not accepted`)
  return value
}

function applyLimits(lane: StatementPlan['lane'], settings: Map<string, string>): void {
  if (lane === 'read') {
    for (const [name, most] of READ_LIMITS) settings.set(name, within(settings.get(name), most))
    return
  }
  const wanted = settings.get('max_execution_time')
  settings.set('max_execution_time', within(wanted, WRITE_EXECUTION_S_MAX))
}

/** 0 means "no limit" to ClickHouse, so it is read as the most. */
function within(wanted: string | undefined, most: number): string {
  const value = wanted === undefined ? most : Number(wanted)
  return String(value > 0 ? Math.min(value, most) : most)
}

function formatName(name: string): string {
  if (!/^[A-Za-z0-9]{1,60}$/.test(name)) throw refuseSetting('default_format is not a format name')
  return name
}

/**
 * From which run on the engine compiles an expression to machine code; its own default is 3. Compiling takes up to 0.9 s of
 * CPU for one statement of settling, 2.2 s for all of them, and what is compiled runs no faster here (bench/settle.ts).
 */
const COMPILED_FROM_RUN = 100
const OF_EVERY_STATEMENT: readonly string[] = [
  // On in chDB: it would run a bare expression as a query.
  'implicit_select = 0',
  ...['expression', 'aggregate_expression', 'sort_description'].map(
    (what) => `min_count_to_compile_${what} = ${COMPILED_FROM_RUN}`,
  ),
]

/**
 * The text for a connection that is used once: settings, database, parameters, then the statement.
 * All of them would stay on the connection (a token left behind silently drops the next insert), which
 * is why every statement gets a fresh one. `tag` marks the query for KILL.
 */
export function renderStatement(plan: StatementPlan, text: string, tag: string): string {
  const set = [...OF_EVERY_STATEMENT, `log_comment = ${sqlString(tag)}`]
  for (const [name, value] of plan.settings) set.push(`${name} = ${settingValue(name, value)}`)
  // On a read-only connection USE and SET param_ still work; SETTINGS and other SET do not.
  if (plan.lane === 'read') set.push('readonly = 1')
  const params = setParameters(plan.params)
  const lines = [`SET ${set.join(', ')}`]
  if (plan.database !== null) lines.push(`USE ${identifier(plan.database)}`)
  if (params !== '') lines.push(params)
  // First of all, for the texts after it are held to it: long lists of parameters.
  const chars = params.length + text.length
  if (chars > QUERY_CHARS_DEFAULT) lines.unshift(`SET max_query_size = ${4 * chars}`)
  lines.push(text)
  return lines.join(';\n')
}

/** max_query_size of the engine is 262,144 bytes; a character has up to three. */
const QUERY_CHARS_DEFAULT = 80_000

const settingValue = (name: string, value: string) =>
  name.startsWith('max_') ? value : sqlString(value)

function identifier(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,99}$/.test(name)) {
    throw refuseParameter('the database name is not a plain word')
  }
  return `\`${name}\``
}

/** An INSERT that reads its rows from a file; the engine damages binary rows that stand in the text. */
export const insertFromFile = (target: InsertTarget, path: string) =>
  `${target.before}\nFROM INFILE ${sqlString(path)} COMPRESSION 'none'\n${target.after}`

/** Status codes as ClickHouse's HTTP handler gives them, for the codes met here; 500 otherwise. */
export function httpStatus(code: number | null): number {
  if (code === 516) return 403
  if (code === 60 || code === 81) return 404
  if (code === 202) return 503
  if (code === 307) return 413
  if (code === 159) return 408
  if (
    code !== null &&
    [6, 27, 36, 41, 42, 43, 47, 48, 53, 62, 73, 115, 164, 456, 457, 497].includes(code)
  ) {
    return 400
  }
  return 500
}
