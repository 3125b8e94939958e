import { expect, test } from 'vitest'
import { httpStatus, planRequest, READ_LIMITS, renderStatement } from './http-protocol.ts'

const plan = (statement: string | null, url: Record<string, string> = {}, method = 'POST') =>
  planRequest({ method, url: new Map(Object.entries(url)), statement })

test('a read gets every limit and may only lower them', () => {
  const { settings, lane } = plan('SELECT 1', {
    max_execution_time: '0.5',
    max_result_rows: '9999999999',
  })
  expect(lane).toBe('read')
  expect(settings.get('max_execution_time')).toBe('0.5')
  expect(settings.get('max_result_rows')).toBe(String(READ_LIMITS.get('max_result_rows')))
  const unlimited = plan('SELECT 1', { max_execution_time: '0' })
  expect(unlimited.settings.get('max_execution_time')).toBe('30')
})

test('a write with readonly, or by GET, is refused', () => {
  expect(() => plan('DROP TABLE t', { readonly: '1' })).toThrow(/READONLY/)
  expect(() => plan(null, { query: 'DROP TABLE t' }, 'GET')).toThrow(/READONLY/)
  expect(plan(null, { query: 'SELECT 1' }, 'GET').lane).toBe('read')
})

test('an insert is never asynchronous', () => {
  expect(plan('INSERT INTO t SELECT 1').settings.get('async_insert')).toBe('0')
  expect(() => plan('INSERT INTO t SELECT 1', { async_insert: '1' })).toThrow(/async_insert/)
})

test('values of settings are checked, unknown settings are named', () => {
  expect(() => plan('SELECT 1', { max_execution_time: "1, x='" })).toThrow(/max_execution_time/)
  expect(() => plan('SELECT 1', { allow_ddl: '1' })).toThrow(/allow_ddl.*UNKNOWN_SETTING/)
  expect(plan('SELECT 1', { query_id: 'x', wait_end_of_query: '1' }).settings.has('query_id')).toBe(
    false,
  )
})

test('the text of a statement sets all that it needs and ends with it', () => {
  const read = plan('SELECT {a:String}', {
    param_a: "x'; DROP TABLE t; --\\",
    database: 'plimsoll',
  })
  const lines = renderStatement(read, read.text, 'tag').split(';\n')
  expect(lines[0]).toMatch(
    /^SET implicit_select = 0, .*min_count_to_compile_expression = 100, .*log_comment = 'tag', .*, readonly = 1$/,
  )
  expect(lines.slice(1)).toEqual([
    'USE `plimsoll`',
    "SET param_a = 'x\\'; DROP TABLE t; --\\\\'",
    'SELECT {a:String}',
  ])
  const insert = plan(null, {
    query: 'INSERT INTO t FORMAT Native',
    insert_deduplication_token: "a'1",
  })
  expect(renderStatement(insert, 'X', 'tag')).toContain("insert_deduplication_token = 'a\\'1'")
})

test('names of databases and parameters cannot carry SQL', () => {
  const database = plan('SELECT 1', { database: 'a`; DROP' })
  expect(() => renderStatement(database, 'X', 'tag')).toThrow(/BAD_QUERY_PARAMETER/)
  const parameter = plan('SELECT 1', { 'param_a = 1, b': '1' })
  expect(() => renderStatement(parameter, 'X', 'tag')).toThrow(/BAD_QUERY_PARAMETER/)
})

test('statuses follow the server', () => {
  expect([516, 60, 62, 159, 202, 1000, null].map(httpStatus)).toEqual([
    403, 404, 400, 408, 503, 500, 500,
  ])
})
