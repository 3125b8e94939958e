import { describe, expect, it } from 'vitest'
import { METER_FLAGS, meterFlags } from '#schemas/meter-flags.ts'
import { type CountedTree, countedTree } from './counted.ts'
import { energiesOf, HALL, known, MJ_PER_MWH, treeOf } from './facility.testing.ts'
import { BUCKET_MS } from './meter-energy.ts'
import { scopeEnergy } from './scope-energy.ts'

function counted(book: typeof HALL): CountedTree {
  const tree = countedTree(book)
  if (tree === null) throw new Error('a site')
  return tree
}
const mwh = (mj: number) => Math.round((mj / MJ_PER_MWH) * 1e6) / 1e6
const SIMPLE = counted(
  treeOf([
    { meter: 'util', role: 'distribution', level: 'utility' },
    { meter: 'it', role: 'it', level: 'rack', parent: 'util' },
  ]),
)
const FULL = {
  'util-a': 10,
  'util-b': 14,
  'ups-1/input': 9.9,
  'ups-1/output': 9.5,
  'pdu-r1-a': 5,
  'pdu-r2-a': 4,
  'pdu-r1-b': 5,
  'pdu-r2-b': 4,
  'pdu-r1-a/outlet/1': 3,
  'pdu-r2-a/outlet/1': 3,
  'cdu-1/pump/1': 0.5,
  'chiller-1': 3,
  offices: 1,
}

describe('a scope', () => {
  it('adds up one level, both feeds, and what pumps take from a rack is cooling', () => {
    const [site, hall] = scopeEnergy(counted(HALL), energiesOf(FULL))
    expect(site).toMatchObject({
      scope: 'site',
      category: 3,
      totalExpectedMs: 2 * BUCKET_MS,
      totalKnownMs: 2 * BUCKET_MS,
      // Four PDUs, and the pump that is taken off one of them.
      itExpectedMs: 5 * BUCKET_MS,
      flags: 0,
      faulty: [],
    })
    expect([site?.totalMj, site?.itMj, site?.coolingMj].map((mj) => mwh(mj ?? 0))).toEqual([
      24, 17.5, 3.5,
    ])
    expect([site?.otherMj, site?.distributionMj].map((mj) => mwh(mj ?? 0))).toEqual([1, 2])
    // Of the hall, what comes in: its UPS and the PDUs of the other feed; the chiller is not its own.
    expect(hall).toMatchObject({ scope: 'hall:1', totalExpectedMs: 3 * BUCKET_MS })
    expect([hall?.totalMj, hall?.itMj, hall?.coolingMj].map((mj) => mwh(mj ?? 0))).toEqual([
      18.9, 17.5, 0.5,
    ])
  })

  it('counts at the level the site says: UPS output is category 1, outlets never join it', () => {
    const book = {
      ...HALL,
      sites: HALL.sites.map((one) => ({ ...one, it_level: 'outlet' as const })),
    }
    const [site] = scopeEnergy(counted(book), energiesOf(FULL))
    expect(mwh(site?.itMj ?? 0)).toBe(6)
    const byUps = counted(
      treeOf(
        [
          { meter: 'util', role: 'distribution', level: 'utility' },
          { meter: 'ups', role: 'it', level: 'ups_output', parent: 'util' },
          { meter: 'pdu', role: 'it', level: 'pdu_output', parent: 'ups' },
        ],
        { it_level: 'ups_output' },
      ),
    )
    expect(scopeEnergy(byUps, energiesOf({ util: 12, ups: 10, pdu: 9 }))[0]).toMatchObject({
      category: 1,
      itMj: 10 * MJ_PER_MWH,
    })
  })

  it('112/100 and 32/20 MWh give 1.20', () => {
    const [first] = scopeEnergy(SIMPLE, energiesOf({ util: 112, it: 100 }))
    const [second] = scopeEnergy(SIMPLE, energiesOf({ util: 32, it: 20 }))
    const total = (first?.totalMj ?? 0) + (second?.totalMj ?? 0)
    const it = (first?.itMj ?? 0) + (second?.itMj ?? 0)
    expect(total / it).toBe(1.2)
  })

  it('with one side missing says so and judges nothing', () => {
    const [row] = scopeEnergy(SIMPLE, energiesOf({ util: 50 }))
    expect(row).toMatchObject({ itKnownMs: 0, itExpectedMs: BUCKET_MS, itMj: 0, flags: 0 })
    const energies = energiesOf({ util: 50 }).set('it', known(20 * MJ_PER_MWH, { knownMs: 1000 }))
    expect(scopeEnergy(SIMPLE, energies)[0]).toMatchObject({ itKnownMs: 1000, faulty: [] })
  })

  it('is nothing without a site, and a site that is off is no fault', () => {
    expect(countedTree({ ...HALL, sites: [] })).toBeNull()
    expect(scopeEnergy(SIMPLE, energiesOf({ util: 0, it: 0 }))[0]).toMatchObject({ flags: 0 })
  })

  it('carries what was odd about its meters, and names one whose word is missing', () => {
    const flags = METER_FLAGS.implausible | METER_FLAGS.reset
    const energies = energiesOf({ util: 112 }).set(
      'it',
      known(90 * MJ_PER_MWH, { flags, knownMs: 600_000, estimatedMs: 60_000 }),
    )
    expect(scopeEnergy(SIMPLE, energies)[0]).toMatchObject({
      flags,
      faulty: ['it'],
      estimatedMs: 60_000,
    })
  })
})

describe('an impossible ratio', () => {
  const tree = counted(HALL)
  const usual = new Map(Object.entries(FULL).map(([meter, one]) => [meter, one * MJ_PER_MWH]))
  const fault = (wrong: Partial<typeof FULL>, history = usual) =>
    scopeEnergy(tree, energiesOf({ ...FULL, ...wrong }), history)[0]

  it.each([
    ['a rack that shows ten times its power', { 'pdu-r2-b': 40 }, 'pdu-r2-b'],
    ['a feed that shows a hundredth', { 'util-b': 0.14 }, 'util-b'],
    ['a feed without a decimal point', { 'util-a': 1000 }, 'util-a'],
  ])('%s is named, from its own history and without one', (_, wrong, name) => {
    for (const history of [usual, new Map<string, number>()]) {
      const row = fault(wrong, history)
      expect([name, meterFlags(row?.flags ?? 0), row?.faulty]).toEqual([name, ['ratio'], [name]])
    }
  })

  it('of 1.00 and of 3.00 is none', () => {
    for (const util of [20, 60])
      expect(scopeEnergy(SIMPLE, energiesOf({ util, it: 20 }))[0]).toMatchObject({ flags: 0 })
    for (const util of [19.99, 60.01])
      expect(scopeEnergy(SIMPLE, energiesOf({ util, it: 20 }))[0]).toMatchObject({
        flags: METER_FLAGS.ratio,
      })
  })
})
