import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { PlimsollError } from '#schemas/errors.ts'
import type { QueryValue, Reader, ReadLimits } from '#schemas/ports.ts'

/** What one question may cost before the store gives up on it. */
export const QUERY_LIMITS = {
  maxExecutionMs: 10_000,
  maxRowsToRead: 400_000_000,
  maxResultRows: 100_000,
} as const satisfies ReadLimits

type BoundParams = Readonly<Record<string, QueryValue>>

/** A query as a value: its text, what it takes and what it gives. */
export interface NamedQuery<Params, Row> {
  readonly name: string
  /** The statement, as its file was when the query was defined. */
  readonly sql: string
  /**
   * Runs it with parameters bound by type and checks every row. Rejects with the reader's E_QUERY_* and
   * E_STORE_AWAY, or E_INTERNAL when the store's rows do not fit the schema.
   */
  run(reader: Reader, params: Params, limits?: ReadLimits): Promise<Row[]>
}

/**
 * Pairs `<name>.sql` with the schemas of its parameters and rows. The file is read here and not on first use:
 * an upgrade in place must not pair the code of a running process with the statements of the next release.
 */
export function namedQuery<Params extends BoundParams, Row>(definition: {
  readonly file: URL
  readonly params: z.ZodType<Params>
  readonly row: z.ZodType<Row>
}): NamedQuery<Params, Row> {
  const path = fileURLToPath(definition.file)
  const name = basename(path, '.sql')
  const rows = z.array(definition.row)
  const sql = readFileSync(path, 'utf8')
  return {
    name,
    sql,
    async run(reader, params, limits = {}) {
      const bound = definition.params.parse(params)
      const answer = await reader.query(sql, bound, { ...QUERY_LIMITS, ...limits })
      const parsed = rows.safeParse(answer)
      if (parsed.success) return parsed.data
      throw new PlimsollError('E_INTERNAL', `the store answered ${name} in another shape`, {
        cause: parsed.error,
      })
    },
  }
}

/** A 64-bit integer that fits a double (epoch ms, counts); the store sends it as a string. */
export const int64 = z.coerce.number().int()
/** A sum that may not fit a double; divided once, at the rim. */
export const bigSum = z.coerce.bigint()
/** Epoch ms where the store has 0 for "none". */
export const epochMsOrNull = int64.transform((ms) => (ms <= 0 ? null : ms))
/** Counts by name, out of a Map column. */
export const countMap = z.record(z.string(), int64)
