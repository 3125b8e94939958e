import { expect, it } from 'vitest'
import { Roster } from '#schemas/alerts/roster-config.ts'
import { scheduleOf } from './schedule.ts'

const timeZone = 'Asia/Shanghai'
const at = (text: string) => Date.parse(`${text}+08:00`)
const people = [{ name: 'Wang Lei' }, { name: 'Ada' }]
const roster = Roster.parse({
  people,
  rotation: { people: ['Wang Lei', 'Ada'], starts: '2026-11-02' },
})

it('is the rotation with overrides cut in, the first shift from where it began', () => {
  const override = {
    id: 'o1',
    person: 'Ada',
    from_ms: at('2026-11-04T18:00:00'),
    to_ms: at('2026-11-05T09:00:00'),
  }
  const range = { fromMs: at('2026-11-03T12:00:00'), toMs: at('2026-11-10T00:00:00'), timeZone }
  expect(scheduleOf(roster, [override], range)).toEqual([
    {
      person: 'Wang Lei',
      by: 'rotation',
      fromMs: at('2026-11-02T09:00:00'),
      toMs: override.from_ms,
    },
    { person: 'Ada', by: 'override', fromMs: override.from_ms, toMs: override.to_ms },
    {
      person: 'Wang Lei',
      by: 'rotation',
      fromMs: override.to_ms,
      toMs: at('2026-11-09T09:00:00'),
    },
    {
      person: 'Ada',
      by: 'rotation',
      fromMs: at('2026-11-09T09:00:00'),
      toMs: at('2026-11-16T09:00:00'),
    },
  ])
  const during = { ...range, fromMs: at('2026-11-05T06:00:00') }
  expect(scheduleOf(roster, [override], during)[0]).toMatchObject({ fromMs: override.from_ms })
})

it('leaves out times with nobody: without a rotation only overrides are on call', () => {
  const nobody = Roster.parse({ people })
  const range = { fromMs: 1_000, toMs: 9_000, timeZone }
  expect(scheduleOf(nobody, [], range)).toEqual([])
  const overrides = [{ id: 'a', person: 'Ada', from_ms: 3_000, to_ms: 5_000 }]
  expect(scheduleOf(nobody, overrides, range)).toEqual([
    { person: 'Ada', by: 'override', fromMs: 3_000, toMs: 5_000 },
  ])
  const always = { ...roster, rotation: undefined }
  expect(scheduleOf(always, overrides, { ...range, fromMs: 4_000 })).toHaveLength(1)
})
