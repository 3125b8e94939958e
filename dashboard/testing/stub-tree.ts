import { FacilityTreeAnswer, type TreeMeter } from '#schemas/api-facility-tree.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import type { StubFacility } from './stub-energy.ts'
import { MINUTE_MS, noise } from './stub-fleet.ts'

/** TEST ONLY. A made-up tree of meters: two feeds, their UPS, racks and plant. */

const iso = (ms: number) => new Date(ms).toISOString()

const bases = { name: '', feed: '', hall: '', rack: '', loop: '', category: null, points: 0 }

function meter(
  nowMs: number,
  row: Pick<TreeMeter, 'meter' | 'parent' | 'role' | 'level'> & Partial<TreeMeter>,
  kw: number | null,
): TreeMeter {
  const from = Math.floor(nowMs / 900_000) * 900_000 - 900_000
  return {
    ...bases,
    since: '2026-01-01T00:00:00.000Z',
    state: kw === null ? 'silent' : 'ok',
    values: kw === null ? {} : { power_watts: kw * 1000 },
    last_at: kw === null ? iso(nowMs - 23 * MINUTE_MS) : iso(nowMs - 8_000),
    age_seconds: kw === null ? 23 * 60 : 8,
    energy: kw === null ? null : { from: iso(from), kwh: kw / 4, coverage: 1, flags: [] },
    children: null,
    ...row,
  }
}

export function treeAt(nowMs: number, state: StubFacility = 'well') {
  const meters: TreeMeter[] = []
  const add = (row: Parameters<typeof meter>[1], kw: number | null) =>
    meters.push(meter(nowMs, row, kw))
  if (state !== 'none') {
    for (const [feed, letter] of [
      ['utility-a', 'A'],
      ['utility-b', 'B'],
    ] as const) {
      const place = { role: 'distribution', level: 'utility', feed: letter } as const
      const children = {
        levels: ['ups_input' as const],
        meters: 2,
        kwh: 16_900,
        difference_ratio: 0.037,
      }
      add(
        {
          meter: feed,
          parent: '',
          ...place,
          children,
          ...(letter === 'B' ? { state: 'faulty' as const } : {}),
        },
        70_400,
      )
      for (const number of [1, 2]) {
        const ups = `ups-${letter.toLowerCase()}${number}`
        add(
          { meter: ups, parent: feed, role: 'distribution', level: 'ups_input', feed: letter },
          33_900,
        )
        for (let rack = 1; rack <= 12; rack += 1) {
          const name = `r${String(rack).padStart(2, '0')}`
          const pdu = `pdu-h${number}-${name}-${letter.toLowerCase()}`
          const isSilent = pdu === 'pdu-h1-r07-a'
          add(
            {
              meter: pdu,
              parent: ups,
              role: 'it',
              level: 'rack',
              feed: letter,
              hall: `h${number}`,
              rack: name,
              category: 3,
              points: isSilent ? 0 : 27,
            },
            isSilent ? null : 58 + 9 * noise(rack + number),
          )
        }
      }
      add(
        { meter: `chiller-${letter.toLowerCase()}`, parent: feed, role: 'cooling', level: 'plant' },
        4_120,
      )
    }
    add({ meter: 'offices', parent: 'utility-b', role: 'other', level: 'plant' }, 1_150)
    add(
      {
        meter: 'wx-1',
        parent: '',
        role: 'other',
        level: 'ambient',
        values: { wet_bulb_celsius: 12.4, temperature_celsius: 17.1 },
        energy: null,
      },
      0,
    )
  }
  const count = (of: TreeMeter['state']) => meters.filter((one) => one.state === of).length
  return FacilityTreeAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    at: iso(nowMs),
    site: state === 'none' ? null : 'harbour',
    it_level: state === 'none' ? null : 'rack',
    contracted_mw: state === 'none' ? null : 180,
    meters,
    unlisted:
      state === 'none'
        ? []
        : [
            {
              meter: 'pdu-h2-r13-a',
              points: 27,
              values: { power_watts: 61_200 },
              last_at: iso(nowMs - 9_000),
            },
          ],
    unlisted_total: state === 'none' ? 0 : 1,
    states: {
      ok: count('ok'),
      silent: count('silent'),
      faulty: count('faulty'),
      unlisted: state === 'none' ? 0 : 1,
    },
    totals: null,
  })
}
