import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
  await engine.store.command(
    'CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100',
  )
}, 60_000)
afterAll(async () => {
  await engine.stop()
})

async function post(file: string | null, body?: string): Promise<Response> {
  const url = new URL(engine.url)
  url.searchParams.set('database', 'plimsoll')
  url.searchParams.set('query', 'INSERT INTO t FORMAT JSONEachRow')
  const named: Record<string, string> = file === null ? {} : { 'x-plimsoll-rows-file': file }
  const headers = { ...engine.headers, ...named }
  return fetch(url, { method: 'POST', headers, ...(body === undefined ? {} : { body }) })
}

const sum = async () => engine.store.query('SELECT toUInt32(count()) AS n, sum(a) AS a FROM t')

it('an insert may name a file of the folder that answers tell of; its rows go in and the file goes', async () => {
  const first = await post(null, '{"a":1}\n')
  const folder = first.headers.get('x-plimsoll-rows-folder') ?? ''
  const name = `${process.pid}-${'0'.repeat(24)}.rows`
  await writeFile(join(folder, name), '{"a":2}\n{"a":3}\n')
  expect((await post(name)).status).toBe(200)
  expect(await sum()).toEqual([{ n: 3, a: '6' }])
  expect(await readdir(folder)).toEqual([])
  const again = await post(name)
  expect(again.headers.get('x-clickhouse-exception-code')).toBe('107')
  expect((await post('../../etc/passwd')).headers.get('x-clickhouse-exception-code')).toBe('107')
})

it('the store goes on over the socket when the folder is gone, and stores nothing twice', async () => {
  const folder = (await post(null, '{"a":4}\n')).headers.get('x-plimsoll-rows-folder') ?? ''
  await engine.store.insertJson('t', [{ a: 5 }], 'one')
  await engine.store.insertJson('t', [{ a: 6 }], 'two')
  await rm(folder, { recursive: true })
  await engine.store.insertJson('t', [{ a: 7 }], 'three')
  await engine.store.insertJson('t', [{ a: 7 }], 'three')
  expect(await sum()).toEqual([{ n: 7, a: '28' }])
})
