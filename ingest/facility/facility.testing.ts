import { type FacilityBook, MeterRow, NO_FACILITY, SiteRow } from '#schemas/facility.ts'
import { BUCKET_MS, type MeterBucket } from './meter-energy.ts'

type MeterGiven = Partial<MeterRow> & Pick<MeterRow, 'meter' | 'role' | 'level'>

/** A tree in force from the epoch on. */
export const treeOf = (
  meters: readonly MeterGiven[],
  site: Partial<SiteRow> = {},
): FacilityBook => ({
  ...NO_FACILITY,
  sites: [SiteRow.parse({ site: 'harbour', it_level: 'rack', from_ms: 0, ...site })],
  meters: meters.map((row) => MeterRow.parse({ from_ms: 0, ...row })),
})

/** A bucket that is wholly known. */
export const known = (energyMj: number, more: Partial<MeterBucket> = {}): MeterBucket => ({
  fromMs: 0,
  energyMj,
  knownMs: BUCKET_MS,
  estimatedMs: 0,
  flags: 0,
  ...more,
})

/** Buckets by meter, megawatt-hours. */
export const energiesOf = (mwh: Readonly<Record<string, number>>): Map<string, MeterBucket> =>
  new Map(Object.entries(mwh).map(([meter, value]) => [meter, known(value * MJ_PER_MWH)]))

/** Millijoules. */
export const MJ_PER_MWH = 3.6e12

/** One hall: two feeds, a UPS, two racks of two feeds each with outlets and phases, chillers, pumps fed by a rack PDU. */
export const HALL = treeOf([
  { meter: 'util-a', role: 'distribution', level: 'utility', feed: 'A' },
  { meter: 'util-b', role: 'distribution', level: 'utility', feed: 'B' },
  { meter: 'ups-1/input', role: 'distribution', level: 'ups_input', parent: 'util-a', hall: '1' },
  {
    meter: 'ups-1/output',
    role: 'distribution',
    level: 'ups_output',
    parent: 'ups-1/input',
    hall: '1',
  },
  ...['r1', 'r2'].flatMap((rack): MeterGiven[] => [
    {
      meter: `pdu-${rack}-a`,
      role: 'it',
      level: 'rack',
      feed: 'A',
      parent: 'ups-1/output',
      hall: '1',
      rack,
    },
    {
      meter: `pdu-${rack}-b`,
      role: 'it',
      level: 'rack',
      feed: 'B',
      parent: 'util-b',
      hall: '1',
      rack,
    },
    {
      meter: `pdu-${rack}-a/outlet/1`,
      role: 'it',
      level: 'outlet',
      parent: `pdu-${rack}-a`,
      hall: '1',
      rack,
    },
  ]),
  {
    meter: 'cdu-1/pump/1',
    role: 'cooling',
    level: 'outlet',
    parent: 'pdu-r1-a',
    hall: '1',
    rack: 'r1',
  },
  { meter: 'chiller-1', role: 'cooling', level: 'plant', parent: 'util-b' },
  { meter: 'offices', role: 'other', level: 'plant', parent: 'util-b' },
  { meter: 'wx-1', role: 'other', level: 'ambient' },
])
