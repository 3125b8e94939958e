/**
 * Every error a person can meet: code -> HTTP status and one line on what it means. Each has a section
 * in docs/errors.md; errors.test.ts holds the two together in both directions.
 */
export const ERRORS = {
  E_NODE_TOO_OLD: { status: 500, summary: 'Node 24 or newer is needed and was not found' },
  E_ENGINE_MISSING: {
    status: 500,
    summary: 'the embedded engine is not installed for this platform',
  },
  E_ENGINE_THREADS: {
    status: 500,
    summary: 'UV_THREADPOOL_SIZE is below 16, so queries would block file access',
  },
  E_ENGINE_DIED: { status: 503, summary: 'the embedded engine keeps stopping' },
  E_DATA_LOCKED: { status: 500, summary: 'another process uses this data directory' },
  E_DATA_SIMULATED: {
    status: 500,
    summary: 'the data directory holds simulated data and cannot be used here',
  },
  E_DATA_NOT_SIMULATED: {
    status: 500,
    summary: 'the data directory holds real data and the demo refuses to use it',
  },
  E_STORE_AWAY: { status: 503, summary: 'the store does not answer' },
  E_STORE_EMPTY: {
    status: 503,
    summary: 'the database or one of its tables does not exist yet: plimsoll migrate makes them',
  },
  E_STORE_TOO_OLD: {
    status: 500,
    summary: 'the ClickHouse server is older than the oldest supported version',
  },
  E_MIGRATION_CHANGED: { status: 500, summary: 'a migration that was applied has changed since' },
  E_BUS_AWAY: { status: 503, summary: 'the NATS server does not answer' },
  E_BUS_TOO_OLD: { status: 500, summary: 'the NATS server is too old or has no JetStream' },
  E_BUS_NOT_SIMULATED: {
    status: 500,
    summary: 'the bus holds real data and plimsoll load refuses to use it',
  },
  E_CONTROL_AWAY: {
    status: 503,
    summary: 'orders such as a pause cannot reach the collectors from here',
  },
  E_INTENT_TAKEN: { status: 500, summary: 'another ingest process works on this shard' },
  E_LEASE_LOST: { status: 503, summary: 'another process has taken over what this one did' },
  E_SHARDS_CHANGED: {
    status: 500,
    summary: 'batches of another number of shards have not been read yet',
  },
  E_REPORT_PERIOD: { status: 400, summary: 'no period of a report has this name' },
  E_REPORT_EMPTY: { status: 404, summary: 'nothing is settled of this period' },
  E_REPORT_UNKNOWN: { status: 404, summary: 'this report was never issued' },
  E_REPORT_FORMAT: { status: 400, summary: 'reports are not written in this format here' },
  E_REPORT_TOO_EARLY: {
    status: 409,
    summary: 'the period of the report is not over, or not all of it stands',
  },
  E_REPORT_TOO_LARGE: { status: 500, summary: 'a report does not fit an entry of the journal' },
  E_REPORT_NOBODY: {
    status: 409,
    summary: 'the alerting file names nobody who gets reports',
  },
  E_REPORT_RECIPIENT: { status: 404, summary: 'no recipient of reports has this name' },
  E_REPORT_DAMAGED: { status: 500, summary: 'an issued report is not what it was' },
  E_JOURNAL_CHANGED: {
    status: 409,
    summary: 'somebody else changed the journal since this change was prepared',
  },
  E_SETTING_REFUSED: { status: 400, summary: 'a change of a setting that would not work' },
  E_JOURNAL_AWAY: { status: 503, summary: 'the journal cannot be read or written now' },
  E_JOURNAL_LOCKED: { status: 500, summary: 'another process uses this journal' },
  E_JOURNAL_DAMAGED: { status: 500, summary: 'the journal is damaged in the middle' },
  E_REPAIR_WAITING: { status: 503, summary: 'no process that settles took the repair up' },
  E_REPAIR_FAILED: { status: 500, summary: 'a repair could not compare its window' },
  E_RETENTION: { status: 500, summary: 'a retention that would break restating' },
  E_CONFIG_INVALID: { status: 500, summary: 'the configuration has a mistake' },
  E_CONFIG_MISSING: { status: 500, summary: 'the configuration file cannot be read' },
  E_TARGETS_INVALID: { status: 400, summary: 'a target list cannot be understood' },
  E_PATTERN_INVALID: { status: 400, summary: 'a pattern of node names cannot be understood' },
  E_SPOOL_LOCKED: { status: 500, summary: 'another collector uses this spool directory' },
  E_BIND_NEEDS_TOKEN: {
    status: 500,
    summary: 'refusing to listen beyond loopback without a token',
  },
  E_PORT_TAKEN: { status: 500, summary: 'the port is in use' },
  E_USAGE: { status: 500, summary: 'the command line cannot be understood' },
  E_HISTORY_INVALID: {
    status: 400,
    summary: 'a file of history, its mapping or its data set has a mistake',
  },
  E_PROMETHEUS_AWAY: {
    status: 502,
    summary: 'the Prometheus server to import from does not answer',
  },
  E_IMPORT_INVALID: { status: 400, summary: 'a file to import cannot be taken' },
  E_SIGNATURE_INVALID: {
    status: 401,
    summary: 'a webhook is not signed with the secret of its channel',
  },
  E_BACKTEST_BUSY: { status: 409, summary: 'another backtest runs' },
  E_IMPORT_BUSY: { status: 409, summary: 'another import works with this state file' },
  E_PARSE_UNKNOWN: { status: 400, summary: 'no source recognizes this output' },
  E_BAD_REQUEST: { status: 400, summary: 'a parameter is missing or malformed' },
  E_RANGE_INVALID: { status: 400, summary: 'the time range is empty, reversed or too long' },
  E_FILTER_INVALID: {
    status: 400,
    summary: 'a filter or group_by names an unknown field or operator',
  },
  E_METRIC_UNKNOWN: { status: 400, summary: 'no metric of this name is in the catalogue' },
  E_CURSOR_INVALID: { status: 400, summary: 'the cursor was not issued by this API' },
  E_NOT_FOUND: { status: 404, summary: 'there is nothing at this address' },
  E_DEVICE_UNKNOWN: { status: 404, summary: 'no device has this id' },
  E_CHANNEL_UNKNOWN: {
    status: 404,
    summary: 'no channel of the alerting file has this name, or it is not enabled',
  },
  E_NODE_UNKNOWN: { status: 404, summary: 'no node has this name' },
  E_JOB_UNKNOWN: { status: 404, summary: 'no job of this id held a device in the window' },
  E_UNAUTHENTICATED: { status: 401, summary: 'a token is needed' },
  E_FORBIDDEN: { status: 403, summary: 'this token may not do that' },
  E_HOST_REFUSED: {
    status: 403,
    summary: 'the Host or Origin header is not one this server answers to',
  },
  E_TOO_LARGE: { status: 413, summary: 'the request is larger than allowed' },
  E_TOO_MANY_REQUESTS: { status: 429, summary: 'too many requests from this address' },
  E_NOT_READY: { status: 503, summary: 'the server is still starting' },
  E_QUERY_TIMEOUT: { status: 503, summary: 'the query took longer than allowed' },
  E_QUERY_TOO_LARGE: { status: 422, summary: 'the query would read more than allowed' },
  E_INTERNAL: { status: 500, summary: 'a defect in Plimsoll' },
} as const satisfies Record<string, { status: number; summary: string }>

export type ErrorCode = keyof typeof ERRORS

/** The page and anchor that explain a code. */
export const errorDocs = (code: ErrorCode) => `docs/errors.md#${code.toLowerCase()}`

/** An error meant for a person: code, what happened and where, what to do. */
export class PlimsollError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PlimsollError'
    this.code = code
  }
}
