import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import fastify from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { answerNotFound, serveDashboard } from './dashboard.ts'

/** Files of the dashboard that the build compressed: who gets which. */

const SCRIPT = 'export const answer = 42\n'.repeat(200)
const PAGE = '<html>a page of the dashboard</html>\n'.repeat(100)
const BROWSER = 'gzip, deflate, br, zstd'
const folders: string[] = []
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))))

async function served() {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-dashboard-'))
  folders.push(folder)
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(text))
    await writeFile(join(folder, `${name}.gz`), gzipSync(text))
  }
  await mkdir(join(folder, '_app/immutable'), { recursive: true })
  await write('index.html', PAGE)
  await write('_app/immutable/a.1234.js', SCRIPT)
  await writeFile(join(folder, '_app/immutable/small.css'), 'a {}')
  const app = fastify()
  await serveDashboard(app, folder)
  answerNotFound(app, true)
  return (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ url, method, headers })
}

const script = '/_app/immutable/a.1234.js'

describe('a file that the build compressed', () => {
  test.each([
    [BROWSER, 'br'],
    // What browsers ask for without TLS.
    ['gzip, deflate', 'gzip'],
    ['gzip;q=0.5, br;q=0.1', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['deflate', undefined],
    ['identity', undefined],
  ])('is sent to who asks for %s as %s', async (asked, encoding) => {
    const get = await served()
    const { headers, rawPayload } = await get(script, { 'accept-encoding': asked })
    expect(headers['content-encoding']).toBe(encoding)
    expect(headers['content-type']).toBe('application/javascript; charset=utf-8')
    expect(headers['content-length']).toBe(String(rawPayload.length))
    expect(headers['vary']).toBe('accept-encoding')
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    const text = { br: brotliDecompressSync, gzip: gunzipSync, undefined: (bytes: Buffer) => bytes }
    const key = encoding === 'br' || encoding === 'gzip' ? encoding : 'undefined'
    expect(text[key](rawPayload).toString()).toBe(SCRIPT)
    if (encoding !== undefined) expect(rawPayload.length).toBeLessThan(SCRIPT.length / 4)
  })

  test('is sent as it is to who names no encoding, which depends on the request all the same', async () => {
    const get = await served()
    const { headers, body } = await get(script)
    expect(headers['content-encoding']).toBeUndefined()
    expect(headers['vary']).toBe('accept-encoding')
    expect(body).toBe(SCRIPT)
  })

  test('has an ETag of its own in each encoding, and is not sent again to who has it', async () => {
    const get = await served()
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(
        async (asked) => (await get(script, { 'accept-encoding': asked })).headers['etag'],
      ),
    )
    expect(new Set(tags).size).toBe(3)
    const again = (encoding: string) =>
      get(script, { 'accept-encoding': encoding, 'if-none-match': String(tags[0]) })
    const kept = await again('br')
    expect([kept.statusCode, kept.body, kept.headers['etag']]).toEqual([304, '', tags[0]])
    expect(kept.headers['vary']).toBe('accept-encoding')
    expect((await again('gzip')).statusCode).toBe(200)
  })

  test('HEAD says the same as GET, without the bytes', async () => {
    const get = await served()
    for (const [url, asked] of [
      [script, BROWSER],
      ['/', BROWSER],
      ['/devices/12', 'gzip'],
    ] as const) {
      const [whole, head] = [
        await get(url, { 'accept-encoding': asked }),
        await get(url, { 'accept-encoding': asked }, 'HEAD'),
      ]
      expect([head.statusCode, head.body]).toEqual([200, ''])
      const { date: _date, ...headers } = head.headers
      expect(whole.headers).toMatchObject(headers)
      expect(headers['content-length']).toBe(String(whole.rawPayload.length))
    }
  })

  test('a range is of what would be sent whole', async () => {
    const get = await served()
    const plain = await get(script, { range: 'bytes=7-11' })
    expect([plain.statusCode, plain.body]).toEqual([206, 'const'])
    expect(plain.headers['content-range']).toBe(`bytes 7-11/${SCRIPT.length}`)
    const bytes = brotliCompressSync(SCRIPT)
    const part = await get(script, { range: 'bytes=2-5', 'accept-encoding': 'br' })
    expect(part.headers['content-encoding']).toBe('br')
    expect(part.headers['content-range']).toBe(`bytes 2-5/${bytes.length}`)
    expect(part.rawPayload.equals(bytes.subarray(2, 6))).toBe(true)
  })
})

test('pages come compressed too, and are asked for again each time', async () => {
  const get = await served()
  for (const url of ['/', '/devices/12?x=1']) {
    const { headers, rawPayload } = await get(url, { 'accept-encoding': BROWSER })
    expect(headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'no-cache',
      vary: 'accept-encoding',
    })
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(brotliDecompressSync(rawPayload).toString()).toBe(PAGE)
  }
})

test('what was not compressed is sent as it is, and what is not there is not found', async () => {
  const get = await served()
  const small = await get('/_app/immutable/small.css', { 'accept-encoding': BROWSER })
  expect([small.statusCode, small.body]).toEqual([200, 'a {}'])
  expect(small.headers['content-encoding']).toBeUndefined()
  const gone = await get('/_app/immutable/gone.js', { 'accept-encoding': BROWSER })
  expect(gone.statusCode).toBe(404)
  expect(gone.json()).toMatchObject({ error: { code: 'E_NOT_FOUND' } })
  expect(gone.headers['content-encoding']).toBeUndefined()
})
