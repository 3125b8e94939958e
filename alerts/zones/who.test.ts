import { describe, expect, it } from 'vitest'
import type {
  ExplainAnswer,
  ExplainCause,
  ExplainContributor,
  ExplainPart,
} from '#schemas/api-explain.ts'
import { type DropFacts, isActionable, restoredBy, whoToTell } from './who.ts'

const contributor = (told: Partial<ExplainContributor>): ExplainContributor => ({
  kind: 'job',
  name: '884213',
  cluster: 'hall 2',
  tenant: 'videogen-7',
  change_ppm: -74_000,
  devices: 4096,
  device_hours: 1,
  nodes: '',
  node_count: 512,
  busy_from: 0.9,
  busy_to: null,
  devices_still_held: 0,
  at: '2026-05-04T18:51:00.000Z',
  ...told,
})

const part = (
  cause: ExplainCause,
  changePpm: number,
  told: Partial<ExplainContributor> = {},
): ExplainPart => ({
  cause,
  change_ppm: changePpm,
  device_hours: 1,
  busy_device_hours: -1,
  contributors: [contributor({ change_ppm: changePpm, ...told })],
  others: { count: 0, change_ppm: 0 },
})

function answer(causes: readonly ExplainPart[], changePpm: number | null = -74_000): ExplainAnswer {
  const window = {
    from: '2026-05-04T18:45:00.000Z',
    to: '2026-05-04T19:00:00.000Z',
    resolution: '1m',
    utilization: 0.6,
    coverage: 1,
    capacity_devices: 50_000,
    known_devices: 50_000,
    busy_devices: 30_000,
  } as const
  return {
    definition: '2026.1',
    simulated: false,
    settled_until: null,
    a: window,
    b: window,
    change_ppm: changePpm,
    causes: [...causes],
    residual_ppm: 0,
    sentence: { en: '', zh: '' },
  }
}

const facts = (given: Partial<DropFacts>): DropFacts => ({
  explain: answer([part('jobs_ended', -74_000)]),
  waiting: { devices: 0, fits: 0, where: '' },
  massIdle: false,
  timeZone: 'Asia/Shanghai',
  ...given,
})

describe('a zone page wakes on-call only with something to do in it', () => {
  it('a failed job pages, by name, place and time', () => {
    const told = whoToTell(facts({ explain: answer([part('jobs_failed', -74_000)]) }))
    expect(told).toMatchObject({ to: 'on_call', severity: 'page', doing: null })
    expect(told.why.en).toBe(
      'job 884213 (videogen-7, 4,096 devices, hall 2) failed 02:51, -7.4 points',
    )
    expect(told.why.zh).toBe('任务 884213（videogen-7，4,096 卡，hall 2）02:51 失败，-7.4 个百分点')
  })
  it('jobs that ended and nothing that fits go to operations', () => {
    const told = whoToTell(facts({}))
    expect(told).toMatchObject({ to: 'operations', severity: 'warn', doing: null })
    expect(told.why.en).toMatch(/^no fault found; nothing waiting fits\. job 884213 .* ended 02:51/)
  })
  it('waiting work that fits pages and says what to start', () => {
    const told = whoToTell(facts({ waiting: { devices: 900, fits: 412, where: 'hall 2' } }))
    expect(told).toMatchObject({ to: 'on_call', severity: 'page' })
    expect(told.doing?.en).toBe('412 waiting accelerators fit hall 2: start them')
  })
  it('mass idle pages; without a scheduler nothing is said of what waits', () => {
    expect(whoToTell(facts({ massIdle: true })).severity).toBe('page')
    expect(whoToTell(facts({ waiting: null })).why.en).toMatch(/no scheduler says what waits/)
  })
  it('pages when nobody can say what changed', () => {
    expect(whoToTell(facts({ explain: null })).severity).toBe('page')
    expect(whoToTell(facts({ explain: answer([], null) })).severity).toBe('page')
  })
  it('another way of measuring wakes nobody', () => {
    expect(whoToTell(facts({ explain: answer([part('measurement_changed', -74_000)]) })).to).toBe(
      'operations',
    )
  })
})

describe('a fifth of the drop', () => {
  const of = (changePpm: number, ...causes: ExplainPart[]) =>
    isActionable(answer(causes, changePpm))
  it('is enough, a millionth less is not', () => {
    expect(of(-100_000, part('drained', -20_000))).toBe(true)
    expect(of(-100_000, part('drained', -19_999))).toBe(false)
    expect(of(-100_000, part('drained', -12_000), part('throttled', -8_000))).toBe(true)
  })
  it('gains do not count, nor a rise', () => {
    expect(of(-100_000, part('drained', 50_000))).toBe(false)
    expect(of(10_000, part('failed', -50_000))).toBe(false)
    expect(of(0)).toBe(false)
  })
})

describe('what restored a zone', () => {
  const by = (explain: ExplainAnswer | null) => restoredBy(explain, 'Asia/Shanghai')
  it('is named largest first, losses not among them', () => {
    const explain = answer(
      [
        part('jobs_ended', -9_000),
        part('jobs_started', 30_000, { name: '7', devices: 1, at: null }),
        part('jobs_stalled', 213_000),
      ],
      234_000,
    )
    expect(by(explain)).toEqual({
      en: 'job 884213 (videogen-7, 4,096 devices, hall 2) works again 02:51, +21.3 points; job 7 (videogen-7, 1 device, hall 2) started, +3.0 points',
      zh: '任务 884213（videogen-7，4,096 卡，hall 2）02:51 恢复工作，+21.3 个百分点；任务 7（videogen-7，1 卡，hall 2）启动，+3.0 个百分点',
    })
  })
  it('is not said where nothing rose or nobody knows', () => {
    expect(by(null)).toBeNull()
    expect(by(answer([], null))).toBeNull()
    expect(by(answer([part('jobs_ended', -74_000)]))).toBeNull()
    expect(by(answer([part('jobs_started', 100)], 100))).toBeNull()
  })
})
