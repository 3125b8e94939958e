import { expect, it } from 'vitest'
import { linesOf, noteOf } from './commands/note.ts'

const line = (title: string | undefined, options: Readonly<Record<string, string>> = {}) => ({
  option: (name: string) => options[name],
  positionals: title === undefined ? [] : [title],
})

it('is the note as it was typed', () => {
  const options = { kind: 'rollout', node: 'n1', from: '2026-05-01T18:00+08:00' }
  expect(noteOf(line(' driver 570 ', options))).toEqual({
    kind: 'rollout',
    title: 'driver 570',
    text: '',
    scope: { node: 'n1' },
    from_ms: Date.UTC(2026, 4, 1, 10),
    to_ms: null,
  })
})

it.each([
  [undefined, {}, 'say what happened'],
  ['x', { kind: 'party' }, '--kind: one of rollout'],
  ['x'.repeat(121), {}, 'the title'],
  ['x', { from: 'yesterday' }, '--from yesterday'],
  ['x', { device: 'gpu0' }, '--device'],
] as const)('refuses %s %j', (title, options, reason) => {
  expect(() => noteOf(line(title, options))).toThrow(
    expect.objectContaining({ code: 'E_USAGE', message: expect.stringContaining(reason) }),
  )
})

it('lists notes by line, with what they are about and who wrote them', () => {
  const note = {
    id: '0123456789abcdef',
    kind: 'maintenance' as const,
    title: 'loop 2',
    text: '',
    scope: { hall: 'h2' },
    from_ms: Date.UTC(2026, 4, 1, 10),
    to_ms: Date.UTC(2026, 4, 1, 12),
    by: 'ann',
    at_ms: 0,
  }
  expect(linesOf([note], 2)).toEqual([
    '… and 2 before these',
    '0123456789abcdef  2026-05-01T10:00Z to 2026-05-01T12:00Z  maintenance  loop 2  (hall h2; by ann)',
  ])
  expect(linesOf([], 0)).toEqual(['No notes in this time.'])
})
