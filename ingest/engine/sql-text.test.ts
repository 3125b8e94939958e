import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sqlString } from './params.ts'
import { insertTarget, isRead, refuseOutside, singleStatement } from './sql-text.ts'

const parse = (sql: string) => singleStatement(sql)

test.each([
  ['SELECT 1', 'SELECT 1'],
  ['SELECT 1;', 'SELECT 1'],
  ['SELECT 1 ; -- done', 'SELECT 1'],
  ["SELECT ';' /* ; */ -- ;", "SELECT ';'"],
  ['SELECT `a;b`, "c;d"', 'SELECT `a;b`, "c;d"'],
  ["SELECT 'it''s; \\'; ', 1", "SELECT 'it''s; \\'; ', 1"],
  ['SELECT 1 # ; comment', 'SELECT 1'],
  ['/* a */ SELECT 1', '/* a */ SELECT 1'],
])('%s is one statement', (sql, text) => {
  expect(parse(sql).text).toBe(text)
})

test.each([
  'SELECT 1; SELECT 2',
  "SELECT '\\\\'; DROP TABLE t --'",
  'SELECT 1 -- x\n; DROP TABLE t',
  'SELECT /* */ 1 /* ; */ ; DROP TABLE t',
  ';;',
  '',
  '-- nothing',
  "SELECT 'open",
  'SELECT /* open',
  'SELECT $$ heredoc $$',
  'SELECT ‘typographic’',
])('%s is refused', (sql) => {
  expect(() => parse(sql)).toThrow(/^Code: \d+\. DB::Exception: /)
})

const PIECES = ["'", '\\', '"', '`', ';', '--', '/*', '*/', '#', '\n', '\0', '$$', '架', 'x', ' ']

test('no string literal can end a statement', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES)), (pieces) => {
      const value = pieces.join('')
      const sql = `SELECT ${sqlString(value)} AS x`
      expect(parse(sql).text).toBe(sql)
      expect(parse(sql).tokens).toHaveLength(4)
    }),
  )
})

test('reads are told from writes by their first word', () => {
  for (const sql of [
    'select 1',
    '(SELECT 1) UNION ALL (SELECT 2)',
    'WITH 1 AS x SELECT x',
    'SHOW TABLES',
  ]) {
    expect(isRead(parse(sql).tokens), sql).toBe(true)
  }
  for (const sql of [
    'INSERT INTO t SELECT 1',
    'DROP TABLE t',
    'KILL QUERY WHERE 1',
    'OPTIMIZE TABLE t',
  ]) {
    expect(isRead(parse(sql).tokens), sql).toBe(false)
  }
})

test('names that only look like a way out are accepted', () => {
  const sql = "SELECT file, url, 'file(' AS s, profile(x), infiles FROM files WHERE remote = 1"
  expect(() => refuseOutside(parse(sql).tokens)).not.toThrow()
  const backup = "BACKUP DATABASE plimsoll TO File('/data/backups/1')"
  expect(() => refuseOutside(parse(backup).tokens)).not.toThrow()
})

test('rows in the body: FROM INFILE belongs before SETTINGS and FORMAT', () => {
  const target = (sql: string) => {
    const { text, tokens } = parse(sql)
    return insertTarget(text, tokens)
  }
  expect(target('INSERT INTO t (a, `values`) FORMAT Native')).toEqual({
    before: 'INSERT INTO t (a, `values`) ',
    after: 'FORMAT Native',
    format: 'Native',
  })
  expect(target('insert into db.t settings max_threads=1 format JSONEachRow')).toEqual({
    before: 'insert into db.t ',
    after: 'settings max_threads=1 format JSONEachRow',
    format: 'JSONEachRow',
  })
  expect(target('INSERT INTO t SELECT 1')).toBeNull()
  expect(target('INSERT INTO t VALUES (1)')).toBeNull()
  expect(target('SELECT 1 FORMAT Native')).toBeNull()
})
