import { describe, expect, it } from 'vitest'
import { type CauseCount, causeWords, commonCauses } from './common-cause.ts'

/** Each device of a planted fleet, in every dimension that is counted. */
type Device = Readonly<Record<string, string>>

const pick = (values: readonly string[], at: number) => values[at % values.length] ?? ''

/** 4,000 devices: halls of 1,000, racks of 40, jobs of 50; drivers, images, launchers and storage run across them. */
const FLEET: readonly Device[] = Array.from({ length: 4_000 }, (_, at) => ({
  hall: `h${Math.floor(at / 1_000)}`,
  rack: `r${Math.floor(at / 40)}`,
  loop: `loop-${Math.floor(at / 200)}`,
  pool: Math.floor(at / 40) % 3 === 0 ? 'serving' : 'training',
  job: `j${Math.floor(at / 50)}`,
  tenant: pick(['atlas', 'boreas', 'ceres', 'dione', 'eos'], Math.floor(at / 50)),
  driver_version: pick(['550.54', '550.54', '570.12'], Math.floor(at / 8)),
  image: pick(['train:7', 'train:8', 'infer:2', 'eval:1'], Math.floor(at / 24)),
  launcher: pick(['slurm', 'kube', 'ray'], Math.floor(at / 56)),
  storage: pick(
    ['nas-1', 'nas-2', 'nas-3', 'nas-4', 'nas-5', 'nas-6', 'nas-7'],
    Math.floor(at / 16),
  ),
  switch: `sw${Math.floor(at / 64)}`,
}))

function count(went: (device: Device, at: number) => boolean): CauseCount[] {
  const counts = new Map<string, { name: string; value: string; went: number; stayed: number }>()
  for (const [at, device] of FLEET.entries()) {
    const isGone = went(device, at)
    for (const [name, value] of [['', ''] as const, ...Object.entries(device)]) {
      const key = `${name}=${value}`
      const one = counts.get(key) ?? { name, value, went: 0, stayed: 0 }
      if (isGone) one.went += 1
      else one.stayed += 1
      counts.set(key, one)
    }
  }
  return [...counts.values()]
}

/** Ten planted causes; some devices escape and some others go idle by chance. */
const PLANTED = [
  ['driver_version', '570.12'],
  ['image', 'train:8'],
  ['launcher', 'ray'],
  ['tenant', 'ceres'],
  ['hall', 'h2'],
  ['loop', 'loop-7'],
  ['switch', 'sw11'],
  ['storage', 'nas-3'],
  ['job', 'j33'],
  ['rack', 'r61'],
] as const

describe('mass idle: what the affected have and the rest do not', () => {
  for (const [name, value] of PLANTED) {
    it(`${name} ${value}`, () => {
      const exact = commonCauses(count((device) => device[name] === value))
      expect(exact[0]).toMatchObject({ name, value, recall: 1, precision: 1, score: 1 })
      // One in twenty escapes; of all others one in a thousand goes idle by itself.
      const noisy = commonCauses(
        count((device, at) => (device[name] === value ? at % 20 !== 3 : at % 1_000 === 7)),
      )
      expect(noisy[0]).toMatchObject({ name, value })
    })
  }
  it('says so when nothing is in common', () => {
    const causes = commonCauses(count((_, at) => at % 3 === 0))
    expect(causes).toEqual([])
    expect(causeWords(causes).en).toMatch(/^nothing in common/)
  })
  it('says nothing of a fleet in which nothing went idle', () => {
    expect(commonCauses(count(() => false))).toEqual([])
    expect(commonCauses([])).toEqual([])
  })
  it('names the first two', () => {
    const causes = commonCauses(count(({ hall }) => hall === 'h2'))
    expect(causeWords(causes).en).toMatch(
      /^in common: hall h2 \(100 % of what went idle; 100 % of those with it\)/,
    )
  })
})
