import { expect, it } from 'vitest'
import type { PricesChange } from '#schemas/api-settings-change.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalBody, JournalEntry, PriceLine } from '#schemas/journal.ts'
import { createJournalView } from './journal-state.ts'
import { changeOwners, changePrices } from './settings-change.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ann = { who: 'ann', role: 'operate', address: '::1' }
const usd = (per_hour: number, over: Partial<PriceLine> = {}): PriceLine => ({
  from_ms: 0,
  model: 'H100',
  pool: '',
  per_hour,
  currency: 'USD',
  ...over,
})
const someAck: JournalBody = {
  kind: 'rule_trust',
  rule: 'zone_danger',
  trust: 'paging',
  because: '',
}

/** A journal in memory; `onAppend` is what others do between the read and the append. */
function site(onAppend: (append: (body: JournalBody) => void) => void = () => undefined) {
  const entries: JournalEntry[] = []
  const put = (body: JournalBody, who = 'bob') => {
    const entry = { sequence: entries.length + 1, at_ms: 5, who, body }
    entries.push(entry)
    return entry
  }
  const journal: Journal = {
    last: () => Promise.resolve(entries.length),
    readFrom: (from, limit) => Promise.resolve(entries.slice(from - 1, from - 1 + limit)),
    append(change, { expectedLast } = {}) {
      onAppend((body) => put(body))
      if (expectedLast !== undefined && expectedLast !== entries.length)
        return Promise.reject(new PlimsollError('E_JOURNAL_CHANGED', 'the journal went on'))
      return Promise.resolve(put(change.body, change.who))
    },
  }
  const clock = () => 10_000
  const told: string[] = []
  const deps = {
    journal,
    journalView: createJournalView({ journal, clock, log: quiet }),
    audit: {
      record: (entry: { action: string; target: string; outcome: string }) => {
        told.push(`${entry.action} ${entry.outcome}: ${entry.target}`)
        return Promise.resolve()
      },
    },
    clock,
  }
  const lines = async () => {
    deps.journalView.changed()
    return (await deps.journalView.current()).prices?.body.lines ?? []
  }
  const price = (base: number, change: PricesChange['change']) =>
    changePrices(deps, ann, { base, change })
  return { deps, entries, told, lines, price, put }
}
const codeOf = (error: unknown) => (error instanceof PlimsollError ? error.code : error)
const failure = (promise: Promise<unknown>) => promise.then(() => 'no error', codeOf)

it('a price is added, replaced where model, pool and begin are the same, and taken out', async () => {
  const { price, lines, told } = site()
  await price(0, { kind: 'set', line: usd(2) })
  await price(1, { kind: 'set', line: usd(2.5, { model: 'h100' }) })
  await price(2, { kind: 'set', line: usd(3, { from_ms: 9_000 }) })
  expect((await lines()).map(({ per_hour }) => per_hour)).toEqual([2.5, 3])
  await price(3, { kind: 'remove', line: usd(2.5) })
  expect(await lines()).toEqual([usd(3, { from_ms: 9_000 })])
  expect(told).toHaveLength(4)
  expect(told[0]).toBe(
    'settings_prices done: set H100, any pool: 2 USD/h from 1970-01-01T00:00:00.000Z',
  )
})

it('a document that somebody changed meanwhile is not overwritten', async () => {
  const { price, lines, told } = site()
  await price(0, { kind: 'set', line: usd(2) })
  expect(await failure(price(0, { kind: 'set', line: usd(9) }))).toBe('E_JOURNAL_CHANGED')
  expect(await lines()).toEqual([usd(2)])
  expect(told).toHaveLength(1)
})

it('what others write of other things meanwhile is no conflict', async () => {
  let others = 2
  const { price, lines } = site((append) => {
    if (others-- > 0) append(someAck)
  })
  expect(await price(0, { kind: 'set', line: usd(2) })).toMatchObject({ sequence: 3, who: 'ann' })
  expect(await lines()).toEqual([usd(2)])
})

it('the same document changed between read and append is a conflict, and the log says that it failed', async () => {
  let isFirst = true
  const { price, told } = site((append) => {
    if (isFirst) append({ kind: 'prices', lines: [], currencies: [], electricity: [] })
    isFirst = false
  })
  expect(await failure(price(0, { kind: 'set', line: usd(2) }))).toBe('E_JOURNAL_CHANGED')
  expect(told.at(-1)).toMatch(/^settings_prices failed/)
})

it('undo brings back the list before, with what a screen does not show', async () => {
  const { price, lines, put } = site()
  const rates = [{ from_ms: 0, currency: 'CNY', usd: 0.14 }]
  put({ kind: 'prices', lines: [usd(2)], currencies: rates, electricity: [] })
  await price(1, { kind: 'set', line: usd(13, { currency: 'CNY' }) })
  await price(2, { kind: 'undo' })
  expect(await lines()).toEqual([usd(2)])
  await price(3, { kind: 'undo' })
  expect(await lines()).toEqual([usd(13, { currency: 'CNY' })])
})

it('the first list undone is an empty one, and without a list there is nothing to undo', async () => {
  const { price, lines } = site()
  expect(await failure(price(0, { kind: 'undo' }))).toBe('E_SETTING_REFUSED')
  await price(0, { kind: 'set', line: usd(2) })
  await price(1, { kind: 'undo' })
  expect(await lines()).toEqual([])
})

it('a currency needs a rate that is in force when the price begins', async () => {
  const { price, put } = site()
  const rates = [{ from_ms: 500, currency: 'CNY', usd: 0.14 }]
  put({ kind: 'prices', lines: [], currencies: rates, electricity: [] })
  const line = usd(13, { currency: 'CNY' })
  expect(await failure(price(1, { kind: 'set', line }))).toBe('E_SETTING_REFUSED')
  expect(await failure(price(1, { kind: 'remove', line }))).toBe('E_SETTING_REFUSED')
  await price(1, { kind: 'set', line: { ...line, from_ms: 500 } })
})

it('a contact is changed and what else is known of the tenant stays; a new tenant is entered', async () => {
  const { deps } = site()
  const contact = (base: number, tenant: string, text: string) =>
    changeOwners(deps, ann, {
      base,
      change: { kind: 'contact', tenant, display_name: tenant.toUpperCase(), contact: text },
    })
  await deps.journal.append({
    at_ms: 1,
    who: 'bob',
    body: {
      kind: 'owners',
      owners: [
        {
          tenant: 'atlas',
          display_name: 'Atlas',
          contact: '',
          accounts: ['a1'],
          namespaces: [],
          queues: [],
          billing: 'paid',
        },
      ],
    },
  })
  await contact(1, 'atlas', 'atlas@site.example')
  await contact(2, 'borealis', '#borealis')
  const { owners } = await deps.journalView.current()
  expect(owners?.before).toBe(2)
  expect(owners?.body.owners).toMatchObject([
    { tenant: 'atlas', contact: 'atlas@site.example', accounts: ['a1'], billing: 'paid' },
    { tenant: 'borealis', display_name: 'BOREALIS', billing: 'unknown' },
  ])
})
