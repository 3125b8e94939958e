import { describe, expect, it } from 'vitest'
import { unread } from '#schemas/reading.ts'
import type { HttpResult, SourceIo } from '../source.ts'
import { detectExporter, type ExporterWords, httpFailure, isHalfPage } from './exporter-http.ts'

const WORDS: ExporterWords = {
  name: 'acme-exporter',
  timeout: 'Too slow: look at the node.',
  tooLarge: 'Too large: ask for less.',
  statuses: { 429: 'Asked too often: scrape from one place.' },
}
const got = (more: Partial<HttpResult>): HttpResult => ({
  status: 200,
  body: new Uint8Array(),
  failure: null,
  ...more,
})
const FAILURES = [
  'refused',
  'timeout',
  'too_large',
  'dns',
  'tls',
  'closed_early',
  'failed',
] as const

describe('an answer that is no page', () => {
  it('has its cause and a sentence that says what to do', () => {
    for (const failure of FAILURES) {
      const told = httpFailure(got({ status: null, failure }), WORDS)
      expect(told?.reason).toBe(failure)
      expect(told?.detail).toMatch(/[;:] \w+ .*\.$/)
    }
    for (const status of [401, 403, 404, 429, 500, 503])
      expect(httpFailure(got({ status }), WORDS)).toMatchObject({ reason: `http_${status}` })
    expect(httpFailure(got({ status: 429 }), WORDS)?.detail).toBe(WORDS.statuses?.[429])
    expect(httpFailure(got({}), WORDS)).toBeNull()
  })

  it('is told from a page that broke off after its first bytes', () => {
    const body = new Uint8Array([1])
    expect(isHalfPage(got({ status: null, failure: 'closed_early', body }))).toBe(true)
    expect(isHalfPage(got({ status: null, failure: 'closed_early' }))).toBe(false)
  })
})

describe('looking for an exporter', () => {
  async function look(result: HttpResult, reason: string | null) {
    const asked: number[] = []
    const io: SourceIo = {
      run: () => Promise.reject(new Error('no commands')),
      stream: () => 'busy',
      hasCommand: () => Promise.resolve(false),
      get(_url, { timeoutMs }) {
        asked.push(timeoutMs)
        return Promise.resolve(result)
      },
    }
    const place = { address: 'http://h:1/metrics', node: 'n', maxBytes: 1, timeoutMs: 60_000 }
    const answer = unread('acme-exporter', { reason: reason ?? '', detail: 'why' })
    const found = await detectExporter(
      io,
      place,
      () => (reason === null ? { ...answer, outcome: 'ok', reason: null } : answer),
      (told) => told === 'not_exporter_text',
    )
    return { state: found.state, asked }
  }

  it('says present, broken, or absent where nothing or another program answers', async () => {
    expect((await look(got({}), null)).state).toBe('present')
    expect((await look(got({}), 'no_chip_rows')).state).toBe('broken')
    expect((await look(got({}), 'not_exporter_text')).state).toBe('absent')
    expect((await look(got({ status: 404 }), 'http_404')).state).toBe('absent')
    expect((await look(got({ status: null, failure: 'refused' }), 'refused')).state).toBe('absent')
  })

  it('ends before whoever asked gives up', async () => {
    const { asked } = await look(got({}), null)
    expect(asked).toEqual([8000])
  })
})
