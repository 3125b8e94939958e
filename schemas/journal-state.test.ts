import { expect, it } from 'vitest'
import type { JournalBody, JournalEntry } from './journal.ts'
import { foldJournal, NO_JOURNAL } from './journal-state.ts'

const entry = (sequence: number, body: JournalBody): JournalEntry => ({
  sequence,
  at_ms: sequence * 10,
  who: 'ann',
  body,
})
const references = (effective: number) =>
  ({
    kind: 'references',
    references: [{ from_ms: 0, class: 'training', model: '', effective }],
  }) satisfies JournalBody

it('keeps the latest of each document, counts rows, and takes an entry once', () => {
  const entries = [
    entry(1, references(0.3)),
    entry(2, { kind: 'owners', owners: [] }),
    entry(3, {
      kind: 'device_states',
      import_id: 'x',
      states: [
        {
          state: 'drained',
          key: '',
          node: 'n1',
          from_ms: 0,
          to_ms: null,
          reason: 'rma',
          ticket: '',
          waiting_on: '',
          eta_ms: null,
        },
      ],
    }),
    entry(4, references(0.4)),
    entry(5, { kind: 'prices', lines: [], currencies: [], electricity: [] }),
    entry(6, { kind: 'contracts', contracts: [] }),
    entry(7, { kind: 'allocations', import_id: 'y', allocations: [], scopes: [] }),
    entry(8, { kind: 'inventory', import_id: 'z', devices: [], nodes: [] }),
  ]
  const state = [...entries, ...entries].reduce(foldJournal, NO_JOURNAL)
  expect(state.last).toBe(8)
  expect(state.references).toEqual({
    sequence: 4,
    at_ms: 40,
    who: 'ann',
    before: 1,
    body: references(0.4),
  })
  expect([state.owners?.sequence, state.prices?.sequence, state.contracts?.sequence]).toEqual([
    2, 5, 6,
  ])
  expect(state.entries.references).toBe(2)
  expect(state.rows).toEqual({ inventory: 0, device_states: 1, allocations: 0 })
  expect(NO_JOURNAL.last).toBe(0)
})

it('notes are in force until they are withdrawn, and a state once taken does not change', () => {
  const note = (id: string) => ({
    id,
    kind: 'note' as const,
    title: id,
    text: '',
    scope: {},
    from_ms: 1,
    to_ms: null,
    by: 'ann',
    at_ms: 1,
  })
  const [a, b] = ['a'.repeat(16), 'b'.repeat(16)]
  const said = (sequence: number, ids: string[], withdrawn: string[]) =>
    entry(sequence, { kind: 'annotations', annotations: ids.map(note), withdrawn })
  const before = foldJournal(NO_JOURNAL, said(1, [a, b], []))
  const after = foldJournal(before, said(2, [], [a]))
  expect([...before.annotations.keys()]).toEqual([a, b])
  expect([...after.annotations.keys()]).toEqual([b])
  expect(NO_JOURNAL.annotations.size).toBe(0)
})
