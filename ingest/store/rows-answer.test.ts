import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectStore, type Store } from './store.ts'

/** What an insert does with the answers of whoever listens at the store's address. */

interface Seen {
  readonly file: string | undefined
  readonly bytes: number
}
let folder: string
let seen: Seen[]
let answer: (request: Seen, response: ServerResponse) => void
let store: Store
let close: () => Promise<void>

async function read(request: IncomingMessage): Promise<Seen> {
  let bytes = 0
  for await (const chunk of request) bytes += Buffer.from(chunk).length
  const file = request.headers['x-plimsoll-rows-file']
  return { file: typeof file === 'string' ? file : undefined, bytes }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-answer-'))
  seen = []
  const server = createServer((request, response) => {
    void read(request).then((one) => {
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  store = connectStore({ url: `http://127.0.0.1:${address.port}`, password: 'p' })
  close = () => new Promise((done) => void server.close(() => done()))
})
afterEach(async () => {
  await store.close()
  await close()
  await rm(folder, { recursive: true, force: true })
})

const ok = (response: ServerResponse, headers = {}) => response.writeHead(200, headers).end()
const engine = (_: Seen, response: ServerResponse) =>
  ok(response, { 'x-plimsoll-rows-folder': folder })
const insert = () => store.insertJson('t', [{ a: 1 }], 'token')

it('after the first answer rows go by file, and nothing of them is left', async () => {
  answer = engine
  await insert()
  await insert()
  expect(seen.map(({ file }) => file !== undefined)).toEqual([false, true])
  expect(await readdir(folder)).toEqual([])
})

it('an answer that names no folder did not read the file: the rows follow through the socket', async () => {
  answer = engine
  await insert()
  answer = (_, response) => ok(response)
  await insert()
  await insert()
  expect(seen.map(({ file }) => file !== undefined)).toEqual([false, true, false, false])
  expect(seen[2]?.bytes).toBeGreaterThan(0)
  expect(await readdir(folder)).toEqual([])
})

it.each([
  ['not there', 107],
  ["another user's", 76],
  ['unknown to an older engine', 108],
])('a file that is %s is no lost insert', async (_why, code) => {
  answer = engine
  await insert()
  answer = ({ file }, response) =>
    file === undefined
      ? ok(response)
      : response
          .writeHead(500, { 'x-clickhouse-exception-code': String(code) })
          .end(`Code: ${code}. DB::Exception: no. (SOME_CODE)\n`)
  await insert()
  expect(seen.map(({ file }) => file !== undefined)).toEqual([false, true, false])
})

it('any other refusal reaches the caller, who repeats it under the same token', async () => {
  answer = engine
  await insert()
  answer = (_, response) =>
    response
      .writeHead(500, { 'x-clickhouse-exception-code': '241' })
      .end('Code: 241. DB::Exception: memory limit. (MEMORY_LIMIT_EXCEEDED)\n')
  await expect(insert()).rejects.toMatchObject({ code: 'E_QUERY_TOO_LARGE' })
  expect(seen).toHaveLength(2)
  expect(await readdir(folder)).toEqual([])
})
