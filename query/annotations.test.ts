import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Annotation, AnnotationsAnswer } from '#schemas/annotation.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import { fakeReader, START_MS, testApp, type TestApp } from './access/access.testing.ts'
import { addToken } from './access/token-file.ts'

const opened: TestApp[] = []
afterEach(async () => {
  for (const built of opened.splice(0)) await built.app.close()
})

const HOUR_MS = 3_600_000
const headers = { host: 'localhost:8440' }

function memoryJournal(): Journal & { readonly entries: JournalEntry[] } {
  const entries: JournalEntry[] = []
  return {
    entries,
    async append(change) {
      const entry = { ...change, sequence: entries.length + 1 }
      entries.push(entry)
      return entry
    },
    readFrom: async (sequence, limit) => entries.slice(sequence - 1, sequence - 1 + limit),
    last: async () => entries.length,
  }
}

/** h1-r02-n03 stands in one rack; its devices are in two pools. */
const place = (pool: string) => ({
  node: 'h1-r02-n03',
  cluster: 'aurora',
  hall: 'h1',
  rack: 'h1-r02',
  pool,
})

async function site() {
  const journal = memoryJournal()
  const reader = fakeReader({ 'span_sets WHERE is_open': [place('a'), place('b')] })
  const built = await testApp({ journal, reader })
  opened.push(built)
  const post = (payload: object) =>
    built.app.inject({ method: 'POST', url: '/api/v1/annotations', headers, payload })
  const list = async (query = '') => {
    const answer = await built.app.inject({ url: `/api/v1/annotations?${query}`, headers })
    return AnnotationsAnswer.parse(answer.json())
  }
  const titles = async (query: string) => (await list(query)).annotations.map(({ title }) => title)
  return { ...built, journal, post, list, titles }
}

describe('notes', () => {
  it('are taken with who and when, listed, and withdrawn; journal and audit keep both', async () => {
    const { app, auditPath, journal, post, list } = await site()
    const answer = await post({ title: 'driver 570 rolled out', kind: 'rollout' })
    const note = Annotation.parse(answer.json())
    expect(note).toMatchObject({ by: 'local', at_ms: START_MS, from_ms: START_MS, to_ms: null })
    expect((await list(`to=${START_MS + 1}`)).annotations).toEqual([note])
    const url = `/api/v1/annotations/${note.id}`
    expect((await app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(200)
    expect((await list(`to=${START_MS + 1}`)).annotations).toEqual([])
    expect((await app.inject({ method: 'DELETE', url, headers })).statusCode).toBe(404)
    expect(journal.entries.map(({ body }) => body)).toEqual([
      { kind: 'annotations', annotations: [note], withdrawn: [] },
      { kind: 'annotations', annotations: [], withdrawn: [note.id] },
    ])
    expect(await readFile(auditPath, 'utf8')).toMatch(
      /"annotation".*rollout: driver 570[^]*"annotation_withdraw"/,
    )
  })

  it('are of a window that they touch: a moment counts at its begin, a stretch until before its end', async () => {
    const { post, titles } = await site()
    const at = START_MS - 10 * HOUR_MS
    await post({ title: 'moment', from_ms: at })
    await post({ title: 'stretch', from_ms: at - HOUR_MS, to_ms: at })
    await post({ title: 'ahead', from_ms: START_MS + HOUR_MS, to_ms: START_MS + 2 * HOUR_MS })
    expect(await titles(`from=${at}&to=${at + HOUR_MS}`)).toEqual(['moment'])
    expect(await titles(`from=${at - 1}&to=${at}`)).toEqual(['stretch'])
    expect(await titles('')).toEqual(['stretch', 'moment'])
    expect(await titles(`to=${START_MS + 3 * HOUR_MS}`)).toContain('ahead')
  })

  it('are found from where they stand and from what stands there, unless the two exclude each other', async () => {
    const { post, titles, journal } = await site()
    await post({ title: 'fleet' })
    await post({ title: 'node', scope: { node: 'h1-r02-n03' } })
    await post({ title: 'hall 2', scope: { hall: 'h2' } })
    await post({ title: 'tenant', scope: { tenant: 'atlas' } })
    const [, node] = journal.entries
    // Its pools differ: that field stays open.
    expect(node?.body).toMatchObject({
      annotations: [
        { scope: { cluster: 'aurora', hall: 'h1', rack: 'h1-r02', node: 'h1-r02-n03' } },
      ],
    })
    const end = `to=${START_MS + 1}`
    const all = (query: string) => titles(`${end}&${query}`).then((found) => found.toSorted())
    expect(await all('')).toHaveLength(4)
    expect(await all('filter=rack:eq:h1-r02')).toEqual(['fleet', 'hall 2', 'node', 'tenant'])
    expect(await all('filter=hall:eq:h1')).toEqual(['fleet', 'node', 'tenant'])
    expect(await all('filter=node:eq:h1-r02-n03')).toEqual(['fleet', 'node', 'tenant'])
    expect(await all('device=123')).toEqual(['fleet', 'node', 'tenant'])
    expect(await all('filter=hall:in:h2,h3')).toEqual(['fleet', 'hall 2', 'tenant'])
    expect(await all('filter=hall:ne:h2&filter=tenant:eq:delta')).toEqual(['fleet', 'node'])
    expect(await all('filter=rack:prefix:h2-')).toEqual(['fleet', 'hall 2', 'tenant'])
    expect(await all('filter=vendor:eq:nvidia')).toHaveLength(4)
  })

  it.each([
    [{}, 'title'],
    [{ title: '' }, 'title'],
    [{ title: 'x'.repeat(121) }, 'title'],
    [{ title: 'a\nb' }, 'one line'],
    [{ title: 'red \u001b[31m' }, 'one line'],
    [{ title: 'x', text: 'x'.repeat(2001) }, 'text'],
    [{ title: 'x', kind: 'party' }, 'kind'],
    [{ title: 'x', scope: { planet: 'earth' } }, 'planet'],
    [{ title: 'x', from_ms: START_MS, to_ms: START_MS }, 'to_ms'],
    [{ title: 'x', from_ms: 0 }, 'from_ms'],
  ])('refuses %j and says why', async (payload, word) => {
    const { post, journal } = await site()
    const answer = await post(payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain(word)
    expect(journal.entries).toEqual([])
  })

  it('who may only read may look and not write; without a journal it says so', async () => {
    const built = await site()
    const record = { name: 'bob', role: 'read', expiresMs: null, nowMs: START_MS } as const
    const { token } = await addToken(built.tokenPath, record)
    const as = {
      url: '/api/v1/annotations',
      headers: { ...headers, authorization: `Bearer ${token}` },
    }
    expect((await built.app.inject(as)).statusCode).toBe(200)
    const payload = { title: 'x' }
    expect((await built.app.inject({ ...as, method: 'POST', payload })).statusCode).toBe(403)
    const away = await testApp()
    opened.push(away)
    const answer = await away.app.inject({
      method: 'POST',
      url: '/api/v1/annotations',
      headers,
      payload,
    })
    expect(answer.json()).toMatchObject({ error: { code: 'E_JOURNAL_AWAY' } })
  })
})
