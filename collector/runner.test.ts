import { describe, expect, it } from 'vitest'
import type { PauseOrder } from '#schemas/control.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { createClock } from './clock.ts'
import { exampleSource, interpretation, reading } from './example-source.testing.ts'
import { createRunner, type RunnerDeps, type TargetRead } from './runner.ts'
import type { HttpResult, ReadContext, Source, SourceIo } from './source.ts'
import { toTarget } from './targets/target.ts'
import { handTime, settle } from './time.testing.ts'

const target = (host: string) => toTarget(`${host}:9400`, {}, 'me')
const answer = (text: string, more: Partial<HttpResult> = {}): HttpResult => ({
  status: 200,
  body: new TextEncoder().encode(text),
  failure: null,
  ...more,
})

function fakeIo(get: SourceIo['get']): SourceIo {
  return {
    get,
    run: () => Promise.reject(new Error('no commands here')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
  }
}

function world(
  source: Source,
  get: SourceIo['get'] = () => Promise.resolve(answer('')),
  pausedBy: RunnerDeps['pausedBy'] = () => null,
) {
  const time = handTime()
  const clock = createClock(time)
  const reads: TargetRead[] = []
  const gone: string[] = []
  const runner = createRunner({
    time,
    clock,
    io: fakeIo(get),
    onRead: (read) => reads.push(read),
    onGone: (id) => gone.push(id),
    pausedBy,
  })
  const section = { source, options: {}, intervalMs: 10_000, timeoutMs: 5000 }
  return { time, clock, reads, gone, runner, section }
}
const sourceOf = (read: (context: ReadContext<unknown>) => Promise<Interpretation>): Source => ({
  ...exampleSource(),
  read,
})
const ok = interpretation([reading({ keys: ['uuid:a'] })])

it('a paused source is not read, lets go of its tool, and says who paused it and why', async () => {
  let isPaused = false
  let closed = 0
  const source: Source = { ...sourceOf(() => Promise.resolve(ok)), close: () => void (closed += 1) }
  const order: PauseOrder = {
    id: '0123456789abcdef',
    source: '*',
    nodes: '*',
    cluster: '*',
    from_ms: 0,
    until_ms: 1_800_003_600_000,
    reason: 'driver upgrade',
    who: 'alice',
  }
  const { time, reads, runner, section } = world(source, undefined, () => (isPaused ? order : null))
  runner.setTargets(section, [target('n1')])
  await time.pass(10_000)
  expect(reads.at(-1)?.interpretation.outcome).toBe('ok')
  isPaused = true
  runner.applyPauses()
  expect(closed).toBe(1)
  expect(reads.at(-1)?.interpretation.reason).toBe('paused')
  await time.pass(10_000)
  expect(closed).toBe(2)
  expect(reads.at(-1)?.interpretation).toMatchObject({
    outcome: 'absent',
    reason: 'paused',
    detail: expect.stringMatching(/^paused by alice until 2027-01-15T09:00Z: driver upgrade$/),
    devices: [],
  })
  isPaused = false
  await time.pass(10_000)
  expect(reads.at(-1)?.interpretation.outcome).toBe('ok')
})

describe('reading targets', () => {
  it('each target is read once per cell and its ticks sit on the grid of its interval', async () => {
    const { time, reads, runner, section } = world(exampleSource(), () =>
      Promise.resolve(answer('example\na;0.5;300')),
    )
    runner.setTargets(section, ['n1', 'n2', 'n3'].map(target))
    await time.pass(60_000)
    const ticks = reads.filter((read) => read.target.node === 'n2').map((read) => read.tickMs)
    expect(ticks.length).toBeGreaterThanOrEqual(6)
    ticks.forEach((tick, i) => {
      expect(tick % 10_000).toBe(0)
      if (i > 0) expect(tick - (ticks[i - 1] ?? 0)).toBe(10_000)
    })
    expect(reads.every((read) => read.interpretation.outcome === 'ok')).toBe(true)
    expect(reads[0]?.bytes).toBe(17)
  })

  it.each<[string, HttpResult, string]>([
    [
      'a refused connection',
      { status: null, body: new Uint8Array(), failure: 'refused' },
      'refused',
    ],
    ['HTTP 500', answer('internal server error', { status: 500 }), 'http_500'],
    ['an empty 200', answer(''), 'empty_page'],
    ['half a page', answer('example\na;0.5', { failure: 'closed_early' }), 'closed_early'],
    ['a page that is too large', answer('', { failure: 'too_large' }), 'too_large'],
  ])('%s is failed with its reason, never devices at zero', async (_, result, reason) => {
    const { time, reads, runner, section } = world(exampleSource(), () => Promise.resolve(result))
    runner.setTargets(section, [target('n1')])
    await time.pass(10_000)
    expect(reads[0]?.interpretation).toMatchObject({ outcome: 'failed', reason, devices: [] })
  })

  it('asks for no more than 8 MiB whatever the source asks for', async () => {
    const asked: number[] = []
    const { time, runner, section } = world(exampleSource(), (_, limits) => {
      asked.push(limits.maxBytes)
      return Promise.resolve(answer(''))
    })
    runner.setTargets(section, [target('n1')])
    await time.pass(10_000)
    expect(asked[0]).toBe(8 << 20)
  })

  it('a source that hangs is reported in time, never read twice at once, and recovers', async () => {
    const hung = Promise.withResolvers<Interpretation>()
    let calls = 0
    const source = sourceOf(() => (++calls === 1 ? hung.promise : Promise.resolve(ok)))
    const { time, reads, runner, section } = world(source)
    runner.setTargets(section, [target('n1')])
    await time.pass(30_000)
    expect(calls).toBe(1)
    expect(reads.map((read) => read.interpretation.reason)).toEqual([
      'timeout',
      'still_running',
      'still_running',
    ])
    hung.resolve(ok)
    await settle()
    await time.pass(10_000)
    expect(calls).toBe(2)
    expect(reads).toHaveLength(4)
    expect(reads[3]?.interpretation.outcome).toBe('ok')
  })

  it('a source that throws is a failed read of that target and nobody else', async () => {
    const source = sourceOf(({ target: { node } }) =>
      node === 'bad' ? Promise.reject(new Error('oops')) : Promise.resolve(ok),
    )
    const { time, reads, runner, section } = world(source)
    runner.setTargets(section, [target('bad'), target('good')])
    await time.pass(10_000)
    const reasonOf = (node: string) =>
      reads.find((read) => read.target.node === node)?.interpretation.reason
    expect(reasonOf('bad')).toBe('source_defect')
    expect(reasonOf('good')).toBeNull()
  })

  it('a target keeps its memory between reads and loses it when it leaves', async () => {
    const seen: number[] = []
    const source = sourceOf(({ memory }) => {
      const count = memory.get('count')
      const next = typeof count === 'number' ? count + 1 : 1
      memory.set('count', next)
      seen.push(next)
      return Promise.resolve(ok)
    })
    const { time, gone, runner, section } = world(source)
    runner.setTargets(section, [target('n1')])
    await time.pass(20_000)
    runner.setTargets(section, [target('n1')])
    await time.pass(10_000)
    expect(seen).toEqual(seen.map((_, i) => i + 1))
    runner.setTargets(section, [])
    expect(gone).toEqual(['example http://n1:9400/metrics'])
    const before = seen.length
    await time.pass(20_000)
    expect(seen).toHaveLength(before)
  })

  it('after the clock was set back, reading goes on at once instead of waiting for the old time', async () => {
    const { time, clock, reads, runner, section } = world(sourceOf(() => Promise.resolve(ok)))
    runner.setTargets(section, [target('n1')])
    await time.pass(20_000)
    const before = reads.length
    time.jumpWall(-3_600_000)
    expect(clock.check()).not.toBeNull()
    runner.replan()
    await time.pass(20_000)
    expect(reads.length).toBe(before + 2)
    expect(reads.at(-1)?.tickMs).toBeLessThan(reads[0]?.tickMs ?? 0)
  })

  it('stop waits for the reads under way, but not for ever', async () => {
    const hung = Promise.withResolvers<Interpretation>()
    const { time, reads, runner, section } = world(sourceOf(() => hung.promise))
    runner.setTargets(section, [target('n1')])
    while (runner.stats().reading === 0) await time.pass(100)
    let stopped = false
    const stop = runner.stop(2000).then(() => (stopped = true))
    await time.pass(1000)
    hung.resolve(ok)
    await settle()
    await stop
    expect(stopped).toBe(true)
    expect(reads).toHaveLength(1)
    expect(time.pending()).toBe(0)
  })
})

it('a target of which nothing is due is passed over, not missed, and read again every 30 s', async () => {
  const asked: number[] = []
  let isDue = true
  const source: Source = {
    ...sourceOf(() => Promise.resolve(ok)),
    isDue({ nowMs }) {
      asked.push(nowMs)
      return isDue
    },
  }
  const { time, reads, runner, section } = world(source)
  runner.setTargets({ ...section, intervalMs: 5000 }, [target('n1')])
  await time.pass(10_000)
  const before = reads.length
  isDue = false
  await time.pass(20_000)
  expect(reads).toHaveLength(before)
  await time.pass(10_000)
  expect(reads).toHaveLength(before + 1)
  isDue = true
  await time.pass(10_000)
  expect(reads).toHaveLength(before + 3)
  expect(runner.stats().missedCells).toBe(0)
  // Every cell once.
  expect(new Set(asked.map((ms, at) => ms - (asked[at - 1] ?? ms - 5000)))).toEqual(new Set([5000]))
})

describe('first reads', () => {
  const list = (count: number) => Array.from({ length: count }, (_, at) => target(`n${at}`))
  const slowly = (startsPerSecond: number): Source => ({
    ...sourceOf(() => Promise.resolve(ok)),
    startsPerSecond,
  })
  const readIds = (reads: readonly TargetRead[]) => new Set(reads.map(({ id }) => id))

  it('of a long list begin at the rate its source bears, not over a whole interval; later ones come at their places', async () => {
    const { time, reads, runner, section } = world(slowly(20))
    runner.setTargets({ ...section, intervalMs: 30_000 }, list(100))
    for (let second = 1; second <= 5; second++) {
      await time.pass(1000)
      expect(readIds(reads).size).toBeLessThanOrEqual(20 * second + 1)
    }
    expect(readIds(reads).size).toBe(100)
    // Every target once in each of the two cells that passed.
    await time.pass(55_000)
    expect(reads).toHaveLength(200)
    expect(runner.stats().missedCells).toBe(0)
  })

  it('of the longest list begin within 30 s', async () => {
    const { time, reads, runner, section } = world(slowly(20))
    runner.setTargets({ ...section, intervalMs: 30_000 }, list(900))
    await time.pass(10_000)
    expect(readIds(reads).size).toBe(301)
    await time.pass(20_000)
    expect(readIds(reads).size).toBe(900)
  })

  it('of a few targets come at once, wherever their places are', async () => {
    const { time, reads, runner, section } = world(slowly(20))
    runner.setTargets({ ...section, intervalMs: 60_000 }, list(8))
    await time.pass(1000)
    expect(readIds(reads).size).toBe(8)
  })

  it('come at their places where the source asks for nothing', async () => {
    const { time, reads, runner, section } = world(sourceOf(() => Promise.resolve(ok)))
    runner.setTargets({ ...section, intervalMs: 10_000 }, list(100))
    await time.pass(2000)
    expect(readIds(reads).size).toBeLessThan(50)
    await time.pass(8000)
    expect(readIds(reads).size).toBe(100)
  })
})
