import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silent } from '../worker/ingest.testing.ts'
import { createRepairs } from './repairs.ts'
import { askedRepair, type Repair, type RepairQueue } from './repair.ts'
import { fileRepairs } from './repair-queues.ts'

const T0 = Date.UTC(2026, 4, 1, 10)
const MINUTE = 60_000

const request = (id: string, more: Partial<Repair> = {}) => ({
  ...askedRepair(id, {
    from_ms: T0 + 30_000,
    to_ms: T0 + 90_000,
    reason: 'why',
    dry_run: false,
    asked_at_ms: T0,
  }),
  ...more,
})

function memoryQueue(...repairs: Repair[]) {
  const byId = new Map(repairs.map((repair) => [repair.id, repair]))
  const queue: RepairQueue = {
    next: async () =>
      [...byId.values()].find(({ state }) => state === 'asked' || state === 'running') ?? null,
    read: async (id) => byId.get(id) ?? null,
    write: async (repair) => void byId.set(repair.id, repair),
  }
  return queue
}

function testPlan() {
  const touched: { fromMs: number; toMs: number; reason: string }[] = []
  const dirty = new Set<number>()
  return {
    touched,
    dirty,
    plan: {
      begin: () => undefined,
      touch(fromMs: number, toMs: number, reason: string) {
        touched.push({ fromMs, toMs, reason })
        dirty.add(fromMs)
      },
      isDirty: (minuteMs: number) => dirty.has(minuteMs),
      horizonMs: () => T0 - 60 * MINUTE,
      settledUntilMs: T0 + 60 * MINUTE,
    },
  }
}

const differing = (...minutes: number[]) =>
  minutes.map((minute) => ({
    minute_ms: String(T0 + minute * MINUTE),
    old_known_ms: '1',
    new_known_ms: '2',
    old_busy_ms_x1000: '3',
    new_busy_ms_x1000: '4',
  }))

const spans = { setFor: async () => 7 }

describe('a repair, step by step', () => {
  it('widens to whole minutes, compares in chunks, and is done when the plan has settled what differed', async () => {
    const queue = memoryQueue(request('a', { to_ms: T0 + 4 * MINUTE + 1 }))
    const asked: unknown[] = []
    const { plan, touched, dirty } = testPlan()
    const store = {
      query: async (_: string, params?: Readonly<Record<string, unknown>>) => {
        asked.push(params)
        return asked.length === 1 ? differing(1) : []
      },
    }
    const repairs = await createRepairs({ queue, store, spans, plan, clock: () => T0, log: silent })
    for (let step = 0; step < 3; step += 1) expect(await repairs.step(3)).toBe(true)
    expect(asked).toEqual([
      { from_ms: T0, to_ms: T0 + 3 * MINUTE, set_id: 7 },
      { from_ms: T0 + 3 * MINUTE, to_ms: T0 + 5 * MINUTE, set_id: 7 },
    ])
    expect(touched).toEqual([{ fromMs: T0 + MINUTE, toMs: T0 + 2 * MINUTE, reason: 'repair: why' }])
    expect(await repairs.step(3)).toBe(false)
    expect(await queue.read('a')).toMatchObject({ state: 'running', minutes_changed: 1 })
    dirty.clear()
    expect(await repairs.step(3)).toBe(true)
    expect(await queue.read('a')).toMatchObject({ state: 'done', minutes_changed: 1 })
  })

  it('touches nothing when it is dry', async () => {
    const queue = memoryQueue(request('a', { dry_run: true }))
    const { plan, touched } = testPlan()
    const store = { query: async () => differing(0, 1) }
    const repairs = await createRepairs({ queue, store, spans, plan, clock: () => T0, log: silent })
    for (let step = 0; step < 3; step += 1) await repairs.step(9)
    expect(await queue.read('a')).toMatchObject({ state: 'done', minutes_changed: 2 })
    expect(touched).toEqual([])
  })

  it('ends one that cannot be compared after three failures, says why, and takes the next', async () => {
    const queue = memoryQueue(request('a'), request('b'))
    const { plan } = testPlan()
    let fails = true
    const store = {
      query: () => (fails ? Promise.reject(new Error('memory limit')) : Promise.resolve([])),
    }
    let nowMs = T0
    const repairs = await createRepairs({
      queue,
      store,
      spans,
      plan,
      clock: () => nowMs,
      log: silent,
    })
    await repairs.step(9)
    await expect(repairs.step(9)).rejects.toThrow('memory limit')
    await expect(repairs.step(9)).rejects.toThrow('memory limit')
    expect(await repairs.step(9)).toBe(true)
    expect(await queue.read('a')).toMatchObject({ state: 'failed', detail: 'memory limit' })
    fails = false
    nowMs += 5_000
    for (let step = 0; step < 3; step += 1) await repairs.step(9)
    expect(await queue.read('b')).toMatchObject({ state: 'done' })
  })

  it('compares in smaller pieces after one was too large', async () => {
    const queue = memoryQueue(request('a', { from_ms: T0, to_ms: T0 + 8 * MINUTE }))
    const { plan } = testPlan()
    const chunks: number[] = []
    const store = {
      query: (_: string, params: Readonly<Record<string, unknown>> = {}) => {
        const minutes = (Number(params['to_ms']) - Number(params['from_ms'])) / MINUTE
        chunks.push(minutes)
        return minutes > 4 ? Promise.reject(new Error('memory limit')) : Promise.resolve([])
      },
    }
    const repairs = await createRepairs({ queue, store, spans, plan, clock: () => T0, log: silent })
    await repairs.step(16)
    await expect(repairs.step(16)).rejects.toThrow('memory limit')
    for (let step = 0; step < 3; step += 1) await repairs.step(16)
    expect([chunks, (await queue.read('a'))?.state]).toEqual([[8, 4, 4], 'done'])
  })

  it('never stops settling because the queue is away, and asks it again later', async () => {
    let asked = 0
    const queue: RepairQueue = {
      ...memoryQueue(),
      next: () => {
        asked += 1
        return Promise.reject(new Error('no table'))
      },
    }
    let nowMs = T0
    const { plan } = testPlan()
    const store = { query: async () => [] }
    const repairs = await createRepairs({
      queue,
      store,
      spans,
      plan,
      clock: () => nowMs,
      log: silent,
    })
    expect([await repairs.step(9), await repairs.step(9), asked]).toEqual([false, false, 1])
    nowMs += 5_000
    expect([await repairs.step(9), asked]).toEqual([false, 2])
  })
})

describe('requests in the data folder', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-repairs-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('go 30 days after they were asked for once they ended, at most 100 stay, and open ones never go', async () => {
    const DAY = 86_400_000
    const folder = await mkdtemp(join(tmpdir(), 'plimsoll-repairs-'))
    let nowMs = T0
    const queue = fileRepairs(folder, () => nowMs)
    const ended = (id: string, asked_at_ms: number) =>
      queue.write(request(id, { state: 'done', asked_at_ms, version: 2 }))
    await ended('old', T0 - DAY)
    await ended('new', T0)
    await queue.write(request('open', { asked_at_ms: T0 - 90 * DAY }))
    nowMs = T0 + 29.5 * DAY
    expect((await queue.next())?.id).toBe('open')
    expect([await queue.read('old'), (await queue.read('new'))?.id]).toEqual([null, 'new'])
    for (let index = 0; index < 105; index += 1) await ended(`many-${index}`, T0 + DAY + index)
    await queue.next()
    expect(await queue.read('many-4')).toBeNull()
    expect(await queue.read('many-5')).not.toBeNull()
    expect(await queue.read('new')).toBeNull()
    const files = await readdir(folder)
    expect(files.filter((name) => name.endsWith('.json'))).toHaveLength(101)
    await rm(folder, { recursive: true })
  })

  it('are taken oldest first, keep the highest version, and are passed over when damaged', async () => {
    const queue = fileRepairs(join(folder, 'repairs'))
    expect(await queue.next()).toBeNull()
    const [late, early] = [request('late', { asked_at_ms: T0 + 1 }), request('early')]
    await queue.write(late)
    await queue.write(early)
    await writeFile(join(folder, 'repairs', 'broken.json'), '{"id":"bro')
    expect(await queue.next()).toEqual(early)
    await queue.write({ ...early, version: 3, state: 'done' })
    await queue.write({ ...early, version: 2, state: 'withdrawn' })
    expect(await queue.read('early')).toMatchObject({ version: 3, state: 'done' })
    expect(await queue.next()).toEqual(late)
    expect(await queue.read('broken')).toBeNull()
  })
})
