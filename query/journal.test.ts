import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { JournalAppended, JournalPage } from '#schemas/api-journal.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import { testApp, type TestApp } from './access/access.testing.ts'
import { addToken } from './access/token-file.ts'
import { createJournalView } from './journal-state.ts'

const opened: TestApp[] = []
afterEach(async () => {
  for (const built of opened.splice(0)) await built.app.close()
})

interface MemoryJournal extends Journal {
  readonly entries: JournalEntry[]
  isAway: boolean
  reads: number
}

function memoryJournal(): MemoryJournal {
  const entries: JournalEntry[] = []
  const checked = <Value>(value: () => Value): Promise<Value> => {
    if (journal.isAway) return Promise.reject(new PlimsollError('E_JOURNAL_AWAY', 'gone'))
    return Promise.resolve(value())
  }
  const journal: MemoryJournal = {
    entries,
    isAway: false,
    reads: 0,
    append: async (change, { expectedLast = entries.length } = {}) => {
      if (expectedLast !== entries.length || entries.length >= 5)
        throw new PlimsollError('E_JOURNAL_CHANGED', 'went on')
      const entry = { ...change, sequence: entries.length + 1 }
      return checked(() => {
        entries.push(entry)
        return entry
      })
    },
    readFrom: (sequence, limit) => {
      journal.reads += 1
      return checked(() => entries.slice(sequence - 1, sequence - 1 + limit))
    },
    last: () => checked(() => entries.length),
  }
  return journal
}

async function site() {
  const journal = memoryJournal()
  const built = await testApp({ journal })
  opened.push(built)
  return { ...built, journal }
}

const headers = { host: 'localhost:8440' }
const url = '/api/v1/journal'
const CONTRACTS = { kind: 'contracts', contracts: [] }
const OWNERS = { kind: 'owners', owners: [{ tenant: 't', display_name: '租户' }] }
const codeOf = (answer: { json: () => { error?: { code?: string } } }) => answer.json().error?.code

describe('the journal in the API', () => {
  it('takes several changes, says where they are, and writes an audit line for each', async () => {
    const { app, auditPath, journal } = await site()
    const payload = { expected_last: 0, bodies: [OWNERS, CONTRACTS] }
    const answer = await app.inject({ method: 'POST', url, headers, payload })
    expect(JournalAppended.parse(answer.json())).toEqual({ last: 2, sequences: [1, 2] })
    expect(journal.entries[0]).toMatchObject({ who: 'local', body: { kind: 'owners' } })
    expect(await readFile(auditPath, 'utf8')).toMatch(
      /"action":"journal","target":"owners","outcome":"done"[^]*"target":"contracts"/,
    )
  })

  it('refuses who prepared a change on an older end, and names what of the request was stored', async () => {
    const { app, auditPath } = await site()
    const payload = { expected_last: 3, bodies: [OWNERS] }
    const late = await app.inject({ method: 'POST', url, headers, payload })
    expect([late.statusCode, codeOf(late)]).toEqual([409, 'E_JOURNAL_CHANGED'])
    expect(await readFile(auditPath, 'utf8')).toContain('"outcome":"failed"')
    const many = { bodies: Array.from({ length: 7 }, () => CONTRACTS) }
    const partly = await app.inject({ method: 'POST', url, headers, payload: many })
    expect(partly.statusCode).toBe(409)
    expect(partly.body).toContain(
      'of the 7 entries of this request the first 5 are stored, as 1, 2, 3, 4, 5',
    )
  })

  it('takes no entry that only the evaluator of alerts writes, and nothing beside it', async () => {
    const { app } = await site()
    const forged = { kind: 'alerts', epoch: 1, transitions: [], notifications: [], forgotten: [] }
    for (const body of [forged, { kind: 'alert_deliveries', results: [] }]) {
      const payload = { bodies: [OWNERS, body] }
      const refused = await app.inject({ method: 'POST', url, headers, payload })
      expect([refused.statusCode, codeOf(refused)]).toEqual([403, 'E_FORBIDDEN'])
    }
    const page = JournalPage.parse(
      (await app.inject({ url: `${url}?kind=alerts`, headers })).json(),
    )
    expect(page).toMatchObject({ last: 0, entries: [] })
  })

  it('gives pages from a sequence on, of one kind too', async () => {
    const { app } = await site()
    const payload = { bodies: [OWNERS, CONTRACTS, OWNERS, CONTRACTS] }
    await app.inject({ method: 'POST', url, headers, payload })
    const read = async (query: string) =>
      JournalPage.parse((await app.inject({ url: `${url}?${query}`, headers })).json())
    const first = await read('limit=3')
    expect(first).toMatchObject({ last: 4, next_from: 4 })
    expect(first.entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3])
    expect(await read('from=4')).toMatchObject({ next_from: null, entries: [{ sequence: 4 }] })
    const contracts = await read('kind=contracts')
    expect(contracts.entries.map(({ sequence }) => sequence)).toEqual([2, 4])
    expect(contracts.next_from).toBeNull()
    expect((await read('from=9')).entries).toEqual([])
  })

  it.each([
    [{ bodies: [] }],
    [{ bodies: [{ kind: 'surprise' }] }],
    [{ bodies: [{ ...CONTRACTS, more: 1 }] }],
    [{ bodies: [OWNERS], surprise: 1 }],
    [{ bodies: Array.from({ length: 17 }, () => CONTRACTS) }],
    [{ bodies: [OWNERS], expected_last: -1 }],
  ])('refuses %j', async (payload) => {
    const { app, journal } = await site()
    const answer = await app.inject({ method: 'POST', url, headers, payload })
    expect([answer.statusCode, codeOf(answer)]).toEqual([400, 'E_BAD_REQUEST'])
    expect(journal.entries).toEqual([])
  })

  it('takes large imports, up to its limit', async () => {
    const { app } = await site()
    const owners = Array.from({ length: 2_000 }, (_, n) => ({
      tenant: `t${n}`,
      display_name: 'x'.repeat(250),
    }))
    const fits = { bodies: [{ kind: 'owners', owners }] }
    expect((await app.inject({ method: 'POST', url, headers, payload: fits })).statusCode).toBe(200)
    const payload = JSON.stringify({ bodies: [], pad: 'x'.repeat(8 * 2 ** 20) })
    const json = { ...headers, 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url, headers: json, payload })
    expect([answer.statusCode, codeOf(answer)]).toEqual([413, 'E_TOO_LARGE'])
  })

  it('is changed by administrators and read by readers', async () => {
    const { app, tokenPath } = await site()
    const nowMs = Date.UTC(2026, 4, 4, 8)
    const add = (role: 'read' | 'operate') =>
      addToken(tokenPath, { name: role, role, expiresMs: null, nowMs })
    for (const { token } of [await add('read'), await add('operate')]) {
      const request = { url, headers: { ...headers, authorization: `Bearer ${token}` } }
      expect((await app.inject(request)).statusCode).toBe(200)
      const payload = { bodies: [CONTRACTS] }
      expect((await app.inject({ ...request, method: 'POST', payload })).statusCode).toBe(403)
    }
  })

  it('says so where there is none, or it does not answer', async () => {
    const without = await testApp()
    opened.push(without)
    expect(codeOf(await without.app.inject({ url, headers }))).toBe('E_JOURNAL_AWAY')
    const { app, journal } = await site()
    journal.isAway = true
    const answer = await app.inject({ url, headers })
    expect([answer.statusCode, codeOf(answer)]).toEqual([503, 'E_JOURNAL_AWAY'])
  })
})

describe('the journal in memory', () => {
  it('is read once for many questions, again after 2 s or a change, and kept while the journal is away', async () => {
    const journal = memoryJournal()
    let nowMs = 0
    const warnings: string[] = []
    const log = {
      info: () => undefined,
      warn: (text: string) => void warnings.push(text),
      error: () => undefined,
    }
    const view = createJournalView({ journal, clock: () => nowMs, log })
    journal.isAway = true
    await expect(view.current()).rejects.toMatchObject({ code: 'E_JOURNAL_AWAY' })
    journal.isAway = false
    const body = { kind: 'contracts' as const, contracts: [] }
    await journal.append({ at_ms: 1, who: 'ann', body })
    const states = await Promise.all([view.current(), view.current(), view.current()])
    expect(states.map(({ last }) => last)).toEqual([1, 1, 1])
    expect(journal.reads).toBe(1)
    await journal.append({ at_ms: 2, who: 'bob', body })
    expect((await view.current()).last).toBe(1)
    view.changed()
    expect((await view.current()).contracts?.who).toBe('bob')
    nowMs += 2_000
    journal.isAway = true
    expect((await view.current()).last).toBe(2)
    expect((await view.current()).last).toBe(2)
    expect(warnings).toHaveLength(1)
  })

  it('says nothing where there is none', async () => {
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const view = createJournalView({ journal: null, clock: () => 0, log })
    expect((await view.current()).owners).toBeNull()
  })
})
