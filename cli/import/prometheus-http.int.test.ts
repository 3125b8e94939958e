import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpAsker } from './prometheus-http.ts'

/** Answers with as many letters as the path says, in pieces; a path that is no number is never answered whole. */
const server = createServer((request, response) => {
  const letters = Number(request.url?.slice(1))
  const pieces: Buffer[] = []
  request.on('data', (piece: Buffer) => pieces.push(piece))
  request.on('end', () => {
    response.write(`${request.method} ${Buffer.concat(pieces).toString()} `)
    if (Number.isNaN(letters)) {
      setTimeout(() => response.destroy(), 20)
      return
    }
    for (let sent = 0; sent < letters; sent += 100_000)
      response.write('x'.repeat(Math.min(100_000, letters - sent)))
    response.end()
  })
})
let url = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const asker = createHttpAsker()
const ask = (path: string, form: Record<string, string> = {}, timeoutMs = 10_000) =>
  asker.ask(
    { url: `${url}/${path}`, form: new URLSearchParams(form), timeoutMs, bytesMax: 3_000_000 },
    ({ status, body }) => ({ status, text: body === null ? null : Buffer.from(body).toString() }),
  )

describe('asking a Prometheus over HTTP', () => {
  it('gives each answer its own bytes, whatever came before it and beside it', async () => {
    const lengths = [2_500_000, 10, 0, 1_500_000]
    const answers = await Promise.all(lengths.map((length) => ask(String(length), { q: 'é' })))
    for (const [at, { text }] of answers.entries())
      expect(text).toBe(`POST q=%C3%A9 ${'x'.repeat(lengths[at] ?? 0)}`)
    expect(await ask('3')).toEqual({ status: 200, text: 'GET  xxx' })
  })

  it('stops reading an answer that is too long', async () => {
    expect(await ask('3000000')).toEqual({ status: 200, text: null })
    expect((await ask('1')).text).toBe('GET  x')
  })

  it('rejects when the answer breaks off, and when nobody is there', async () => {
    await expect(ask('broken')).rejects.toThrow('aborted')
    await expect(
      asker.ask(
        { url: 'http://127.0.0.1:1/', form: new URLSearchParams(), timeoutMs: 5_000, bytesMax: 9 },
        ({ status }) => status,
      ),
    ).rejects.toThrow('ECONNREFUSED')
  })
})
