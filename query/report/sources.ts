import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Reader } from '#schemas/ports.ts'
import type { ReportSources } from '#schemas/report/model.ts'

const FOLDER = join(import.meta.dirname, '..', 'queries')

/** A reader that notes which statements were asked through it. */
export function notingReader(reader: Reader): {
  readonly reader: Reader
  asked(): Pick<ReportSources, 'query_ids' | 'queries_hash'>
} {
  const statements = new Set<string>()
  return {
    reader: {
      ping: () => reader.ping(),
      query(sql, params, limits) {
        statements.add(sql)
        return reader.query(sql, params, limits)
      },
    },
    asked() {
      const names = statementNames()
      const named = [...statements]
        .map((sql) => ({ sql, name: names.get(sql) ?? 'unnamed' }))
        .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
      const hash = createHash('sha256')
      for (const { name, sql } of named) hash.update(`${name}\0${sql}\0`)
      return {
        query_ids: [...new Set(named.map(({ name }) => name))],
        queries_hash: hash.digest('hex'),
      }
    },
  }
}

let known: ReadonlyMap<string, string> | null = null

/** Statements by their text. Read once: named queries keep theirs for as long. */
function statementNames(): ReadonlyMap<string, string> {
  known ??= new Map(
    readdirSync(FOLDER)
      .filter((name) => name.endsWith('.sql'))
      .map((name) => [readFileSync(join(FOLDER, name), 'utf8'), basename(name, '.sql')]),
  )
  return known
}
