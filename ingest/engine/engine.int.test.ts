import { setTimeout as delay } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from './engine.testing.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
  await engine.store.command('CREATE TABLE kept (id UInt64) ENGINE = MergeTree ORDER BY id')
  await engine.store.command('INSERT INTO kept SELECT 1')
})
afterAll(async () => {
  await engine.stop()
})

/** A request made by hand, as any HTTP client could. */
async function ask(statement: string, query: Record<string, string> = {}, init: RequestInit = {}) {
  const url = `${engine.url}/?${new URLSearchParams({ database: 'plimsoll', ...query }).toString()}`
  const response = await fetch(url, {
    method: 'POST',
    headers: engine.headers,
    body: statement,
    ...init,
  })
  const code = response.headers.get('x-clickhouse-exception-code')
  return { status: response.status, code, text: await response.text() }
}

const kept = async () => (await ask('SELECT count() FROM kept')).text

const SLOW = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)'

test('ping answers without a password, everything else asks for one', async () => {
  expect(await (await fetch(`${engine.url}/ping`)).text()).toBe('Ok.\n')
  expect([await engine.store.ping(), await engine.reader.ping()]).toEqual([true, true])
  for (const headers of [{}, { 'x-clickhouse-key': 'wrong' }, { authorization: 'Basic Og==' }]) {
    const refused = await ask('SELECT 1', {}, { headers })
    expect(refused).toMatchObject({ status: 403, code: '516' })
  }
})

test('errors carry the code, the words and the status of a server', async () => {
  expect(await ask('SELECT * FROM nothing_here')).toMatchObject({ status: 404, code: '60' })
  const syntax = await ask('SELEC 1')
  expect(syntax).toMatchObject({ status: 400, code: '62' })
  expect(syntax.text).toMatch(/^Code: 62\. DB::Exception: .*\(SYNTAX_ERROR\)\n$/s)
})

test('parameters of any text reach the query unchanged', async () => {
  const nasty = [
    "'",
    '\\',
    "\\'",
    "'; DROP TABLE kept; --",
    '\0',
    '\t\r\n',
    '\\N',
    '{x:String}',
    '架 ☃ 𝒳',
  ]
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.array(fc.constantFrom(...nasty), { maxLength: 5 }).map((parts) => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(text, fc.array(text, { maxLength: 4 }), async (one, many) => {
      const rows = await engine.reader.query(
        'SELECT hex({one:String}) AS one, arrayMap(x -> hex(x), {many:Array(String)}) AS many',
        { one, many },
      )
      const hex = (value: string) => Buffer.from(value.toWellFormed()).toString('hex').toUpperCase()
      expect(rows).toEqual([{ one: hex(one), many: many.map(hex) }])
    }),
    { numRuns: 150 },
  )
  expect(await kept()).toBe('1\n')
})

test('lists that do not fit into a URL are bound too', async () => {
  const ids = Array.from({ length: 20_000 }, (_, id) => String(2n ** 63n + BigInt(id)))
  const rows = await engine.reader.query(
    'SELECT arrayMap(id -> toUInt64(id), {ids:Array(String)}) AS n, length(n) AS count, arrayMax(n) AS last',
    { ids },
  )
  expect(rows).toEqual([{ n: ids, count: '20000', last: ids.at(-1) }])
})

test('200 parameterised queries at once get their own answers', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      engine.reader.query('SELECT {i:UInt32} AS i, {s:String} AS s, sleep(0.002) AS z', {
        i,
        s: `s${i}`,
      }),
    ),
  )
  const wrong = answers.filter(
    (rows, i) => JSON.stringify(rows) !== `[{"i":${i},"s":"s${i}","z":0}]`,
  )
  expect(wrong).toEqual([])
})

test('a parameter of one request is unknown to the next', async () => {
  await engine.store.command('INSERT INTO kept SELECT {secret:UInt64} WHERE 0', { secret: 5 })
  expect(await ask('SELECT {secret:UInt64}')).toMatchObject({ code: '456' })
})

test.each([
  'INSERT INTO kept VALUES (2)',
  'DROP TABLE kept',
  'CREATE TABLE more (id UInt8) ENGINE = Memory',
  'CREATE TEMPORARY TABLE more (id UInt8)',
  'TRUNCATE TABLE kept',
  'KILL QUERY WHERE 1 ASYNC',
  'SYSTEM FLUSH LOGS',
  "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
  "SELECT * FROM file('/etc/hostname', 'CSV', 'a String')",
  "SELECT file('/etc/hostname')",
  "SELECT `file`('/etc/hostname')",
  "SELECT 1 INTO OUTFILE '/tmp/plimsoll-must-not-exist'",
  "WITH 1 AS x SELECT * FROM s3('http://127.0.0.1:1/b', 'CSV')",
  "SELECT * FROM executable('x', 'CSV', 'a String')",
  'SELECT 1; DROP TABLE kept',
  'SELECT 1 SETTINGS max_execution_time = 0, readonly = 0',
  'SET readonly = 0',
])('a reader may not: %s', async (statement) => {
  const refused = await ask(statement, { readonly: '1' })
  expect(refused.status, refused.text).toBeGreaterThanOrEqual(400)
  expect(await kept()).toBe('1\n')
})

test.each([
  "INSERT INTO FUNCTION file('/tmp/x', 'CSV', 'a String') SELECT 1",
  "INSERT INTO kept FROM INFILE '/etc/hostname' FORMAT CSV",
  "INSERT INTO kept SELECT id FROM url('http://127.0.0.1:1/', 'CSV', 'id UInt64')",
  "CREATE TABLE more (id UInt8) ENGINE = File(CSV, '/etc/hostname')",
  'INSERT INTO kept SELECT 2; INSERT INTO kept SELECT 3',
  'SET insert_deduplication_token = 1',
  'USE system',
])('a writer may not: %s', async (statement) => {
  const refused = await ask(statement)
  expect(refused.status, refused.text).toBeGreaterThanOrEqual(400)
  expect(await kept()).toBe('1\n')
})

test('a setting the engine does not take is refused by name', async () => {
  const refused = await ask('SELECT 1', { log_comment: "x'; DROP TABLE kept" })
  expect(refused).toMatchObject({ status: 400, code: '115' })
  expect(refused.text).toContain('log_comment')
})

test('a query past its time is a timeout', async () => {
  const started = performance.now()
  const slow = engine.reader.query(SLOW, {}, { maxExecutionMs: 300, maxRowsToRead: 2e9 })
  await expect(slow).rejects.toMatchObject({ code: 'E_QUERY_TOO_LARGE' })
  const limits = { maxExecutionMs: 300, maxRowsToRead: 2e9 }
  const hung = engine.reader.query(
    'SELECT sum(sipHash64(number, number)) FROM numbers(1900000000)',
    {},
    limits,
  )
  await expect(hung).rejects.toMatchObject({ code: 'E_QUERY_TIMEOUT' })
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('a result past its rows is too large', async () => {
  const wide = engine.reader.query('SELECT number FROM numbers(1000)', {}, { maxResultRows: 10 })
  await expect(wide).rejects.toMatchObject({ code: 'E_QUERY_TOO_LARGE' })
})

test('a read that nobody waits for any more is stopped', async () => {
  const abort = new AbortController()
  const query = { max_execution_time: '25' }
  const statement =
    'SELECT sum(sipHash64(number, number)) FROM numbers(1990000000) WHERE number > 7'
  const asked = ask(statement, query, { signal: abort.signal })
  const running = () =>
    ask(
      "SELECT count() FROM system.processes WHERE query LIKE '%number > 7%' AND query NOT LIKE '%processes%'",
    )
  await expect.poll(async () => (await running()).text, { timeout: 5_000 }).toBe('1\n')
  abort.abort()
  await expect(asked).rejects.toThrow()
  await expect.poll(async () => (await running()).text, { timeout: 3_000 }).toBe('0\n')
})

test('slow reads do not hold up inserts', async () => {
  const limits = { maxExecutionMs: 1_500, maxRowsToRead: 2e9 }
  const slow = Array.from({ length: 6 }, () =>
    engine.reader
      .query('SELECT sum(sipHash64(number, number)) FROM numbers(1990000000)', {}, limits)
      .catch((error: unknown) => error),
  )
  await delay(100)
  const started = performance.now()
  await engine.store.command('CREATE TABLE fast (id UInt64) ENGINE = MergeTree ORDER BY id')
  await engine.store.insertJson('fast', [{ id: 1 }], 'one')
  expect(performance.now() - started).toBeLessThan(1_000)
  await Promise.all(slow)
})

test('parameterized views, ASOF joins and window functions work', async () => {
  await engine.store.command(
    'CREATE OR REPLACE VIEW above AS SELECT id FROM kept WHERE id >= {least:UInt64}',
  )
  const rows = await engine.reader.query(
    'SELECT toUInt32(count()) AS n FROM above(least = {x:UInt64})',
    {
      x: 1,
    },
  )
  expect(rows).toEqual([{ n: 1 }])
  const joined = await engine.reader.query(
    'SELECT l.t AS t, r.v AS v FROM (SELECT 1 AS k, 5 AS t) AS l ASOF LEFT JOIN ' +
      '(SELECT 1 AS k, arrayJoin([2, 4, 6]) AS t, t * 10 AS v) AS r ON l.k = r.k AND l.t >= r.t',
    {},
  )
  expect(joined).toEqual([{ t: 5, v: 40 }])
})
