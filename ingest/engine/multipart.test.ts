import { expect, test } from 'vitest'
import { multipartFields } from './multipart.ts'

const type = 'multipart/form-data; boundary=----clickhouse-js-1'
const body = (...parts: [string, string][]) =>
  Buffer.from(
    `${parts
      .map(
        ([name, value]) =>
          `------clickhouse-js-1\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
      )
      .join('')}------clickhouse-js-1--\r\n`,
  )

test('fields come out as they went in, line ends included', () => {
  const fields = multipartFields(body(['query', 'SELECT 1\r\n'], ['param_a', "['é','\\n']"]), type)
  expect([...fields]).toEqual([
    ['query', 'SELECT 1\r\n'],
    ['param_a', "['é','\\n']"],
  ])
})

test('half a body and a missing boundary are refused', () => {
  expect(() => multipartFields(body(['query', 'SELECT 1']).subarray(0, 60), type)).toThrow(
    /complete/,
  )
  expect(() => multipartFields(body(['query', 'x']), 'multipart/form-data')).toThrow(/boundary/)
})
