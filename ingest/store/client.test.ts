import { ClickHouseError } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { storeError } from './client.ts'
import { jsonLines } from './json-lines.ts'
import { requireVersion } from './store.ts'

const clickhouse = (code: string) => new ClickHouseError({ message: 'm', code, type: 'T' })

test.each([
  [clickhouse('159'), 'E_QUERY_TIMEOUT'],
  [clickhouse('394'), 'E_QUERY_TIMEOUT'],
  [clickhouse('158'), 'E_QUERY_TOO_LARGE'],
  [clickhouse('396'), 'E_QUERY_TOO_LARGE'],
  [clickhouse('241'), 'E_QUERY_TOO_LARGE'],
  [clickhouse('202'), 'E_STORE_AWAY'],
  [clickhouse('516'), 'E_STORE_AWAY'],
  [clickhouse('81'), 'E_STORE_EMPTY'],
  [clickhouse('60'), 'E_STORE_EMPTY'],
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'E_STORE_AWAY'],
  [new Error('Timeout error.'), 'E_STORE_AWAY'],
  [new Error('socket hang up'), 'E_STORE_AWAY'],
])('%s becomes %s', (error, code) => {
  expect(storeError(error)).toMatchObject({ code })
})

test('a defect stays what it is', () => {
  const syntax = clickhouse('62')
  expect(storeError(syntax)).toBe(syntax)
  const bug = new TypeError('x is not a function')
  expect(storeError(bug)).toBe(bug)
})

test('servers older than 25.8 are refused with both versions named', () => {
  for (const version of ['25.8.1.1', '25.10.2', '26.7.2.1']) requireVersion(version)
  for (const version of ['18.16.1', '25.7.9', '24.12.1', 'nonsense']) {
    expect(() => requireVersion(version)).toThrow(
      expect.objectContaining({
        code: 'E_STORE_TOO_OLD',
        message: expect.stringContaining(version),
      }),
    )
  }
})

test('JSON rows keep 64-bit integers and refuse what JSON would turn into null', () => {
  expect(jsonLines([{ id: 2n ** 64n - 1n, at: null }, { id: 1 }]).toString()).toBe(
    '{"id":"18446744073709551615","at":null}\n{"id":1}\n',
  )
  expect(() => jsonLines([{ a: [Number.NaN] }])).toThrow(RangeError)
})
