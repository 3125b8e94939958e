import { describe, expect, it } from 'vitest'
import { bitSet, type Batch } from '#schemas/batch.ts'
import type { BatchRecord } from '#schemas/records.ts'
import { decodeBatch } from '#schemas/wire.ts'
import { defaultConfig, localSection, type SourceSection } from './config.ts'
import { createCollector } from './collector.ts'
import { exampleSource } from './example-source.testing.ts'
import type { Detection, HttpResult, SourceIo } from './source.ts'
import { memoryFs, type MemoryFs } from './spool/memory-fs.testing.ts'
import { openSpool, type Spool } from './spool/spool.ts'
import { toTarget } from './targets/target.ts'
import { handTime, settle } from './time.testing.ts'

const page = (text: string, more: Partial<HttpResult> = {}): HttpResult => ({
  status: 200,
  body: new TextEncoder().encode(text),
  failure: null,
  ...more,
})
const EIGHT = 'example\n' + Array.from({ length: 8 }, (_, i) => `g${i};0.5;300`).join('\n')

interface Options {
  readonly fs?: MemoryFs
  readonly hosts?: readonly string[]
  readonly intervalMs?: number
  readonly pages?: (host: string) => Promise<HttpResult>
  readonly sections?: readonly SourceSection[]
  readonly detect?: () => Promise<Detection>
  readonly busAway?: boolean
  readonly spoolBytes?: number
}

function world(options: Options = {}) {
  const {
    fs = memoryFs(),
    hosts = ['n1'],
    intervalMs = 10_000,
    pages = () => Promise.resolve(page(EIGHT)),
  } = options
  const time = handTime()
  const published: Batch[] = []
  const logged: string[] = []
  const bus = { refuse: options.busAway ?? false }
  const source = exampleSource(options.detect === undefined ? {} : { detect: options.detect })
  const section = {
    ...localSection(source),
    isLocal: false,
    intervalMs,
    timeoutMs: Math.min(5000, intervalMs),
    targets: hosts.map((host) => toTarget(`${host}:9400`, {}, 'me')),
  }
  const io: SourceIo = {
    get: (url) => pages(new URL(url).hostname),
    run: () => Promise.reject(new Error('no commands here')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
  }
  const spools: Spool[] = []
  const collector = createCollector({
    config: {
      ...defaultConfig({ host: 'me', spoolDirectory: '/spool' }),
      sources: options.sections ?? [section],
    },
    sources: [source],
    publisher: {
      publish(message) {
        if (bus.refuse) return Promise.reject(new Error('no responders'))
        const decoded = decodeBatch(message.payload)
        if (decoded.ok) published.push(decoded.batch)
        return Promise.resolve()
      },
      onWatermark: () => () => undefined,
      onResend: () => () => undefined,
      onControl: () => () => undefined,
      connected: () => !bus.refuse,
    },
    io,
    logger: {
      info: (message) => logged.push(message),
      warn: (message) => logged.push(message),
      error: (message) => logged.push(message),
    },
    random: (bytes) => new Uint8Array(bytes).fill(7),
    time,
    openSpool: async (asked) => {
      const spool = await openSpool({
        ...asked,
        fs,
        segmentBytes: 16 << 10,
        maxBytes: options.spoolBytes ?? asked.maxBytes,
      })
      spools.push(spool)
      return spool
    },
  })
  const records = () => published.flatMap((batch): readonly BatchRecord[] => batch.records)
  const stop = async () => {
    const stopping = collector.stop()
    // Reads and the bus get a bounded time each.
    await time.pass(8000)
    await stopping
  }
  return { collector, time, published, records, logged, bus, fs, stop }
}

/** `device tick` of every row in these batches. */
function rowsOf(batches: readonly Batch[]): string[] {
  return batches.flatMap(({ devices, ticks, t0Ms, stepMs, present }) =>
    devices.flatMap((device, position) =>
      Array.from({ length: ticks }, (_, tick) => tick)
        .filter((tick) => bitSet(present, tick * devices.length + position))
        .map((tick) => `${device.node} ${device.keys[0]} ${t0Ms + tick * stepMs}`),
    ),
  )
}

describe('the collector', () => {
  it('brings a page to the bus within 300 ms, one row per device and cell', async () => {
    const { collector, time, published, records, stop } = world()
    await collector.start()
    await time.pass(60_000)
    const rows = rowsOf(published)
    expect(new Set(rows).size).toBe(rows.length)
    expect(rows.length).toBeGreaterThanOrEqual(6 * 8)
    expect(published[0]).toMatchObject({
      cluster: 'default',
      collector: 'me',
      boot: '07'.repeat(16),
    })
    expect(published.map(({ seq }) => seq)).toEqual(published.map((_, i) => i + 1))
    expect(records()).toContainEqual(
      expect.objectContaining({ kind: 'event', type: 'collector_start', edge: 'point' }),
    )
    expect(collector.health()).toMatchObject({ state: 'ok', detail: '1 targets, 8 devices' })
    await stop()
  })

  it('stop loses nothing: what was read is in the spool or on the bus, once', async () => {
    for (const busAway of [false, true]) {
      const first = world({
        intervalMs: 1000,
        hosts: ['n1', 'n2'],
        busAway,
        pages: (host) => Promise.resolve(page(EIGHT.replaceAll('g', host))),
      })
      await first.collector.start()
      await first.time.pass(9300)
      const read = first.collector.stats()?.rows ?? 0
      await first.stop()
      const second = world({ fs: first.fs, hosts: [] })
      await second.collector.start()
      await settle()
      // Nothing was released, so the second run publishes all that the first one spooled.
      const rows = rowsOf(second.published)
      expect(new Set(rows).size).toBe(rows.length)
      expect(rows.length).toBeGreaterThanOrEqual(Math.max(read, 9 * 16))
      expect(rowsOf(first.published)).toHaveLength(busAway ? 0 : rows.length)
      await second.stop()
    }
  })

  it('a dead target is one line of health and does not disturb its neighbours', async () => {
    const hosts = Array.from({ length: 20 }, (_, i) => `n${i}`)
    const { collector, time, published, records, stop } = world({
      hosts,
      pages: (host) =>
        Promise.resolve(
          host === 'n7'
            ? page('', { status: null, failure: 'refused' })
            : page(EIGHT.replaceAll('g', host)),
        ),
    })
    await collector.start()
    await time.pass(55_000)
    const dead = records().filter((record) => record.kind === 'target' && record.node === 'n7')
    expect(dead).toHaveLength(1)
    expect(dead[0]).toMatchObject({ outcome: 'failed', reason: 'refused', devices: 0 })
    const rows = rowsOf(published)
    expect(rows.some((row) => row.startsWith('n7 '))).toBe(false)
    expect(new Set(rows.map((row) => row.split(' ')[0])).size).toBe(19)
    expect(collector.health()).toMatchObject({ state: 'degraded', detail: '1 targets fail' })
    await stop()
  })

  it('a clock that jumps an hour is one event; ticks stay on the grid and go on', async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const { collector, time, published, records, stop } = world()
      await collector.start()
      await time.pass(25_000)
      time.jumpWall(jump)
      await time.pass(40_000)
      const jumps = records().filter(
        (record) => record.kind === 'event' && record.type === 'clock_reanchor',
      )
      expect(jumps).toHaveLength(1)
      const ticks = published.filter(({ ticks }) => ticks > 0).map(({ t0Ms }) => t0Ms)
      expect(ticks.every((tick) => tick % 10_000 === 0)).toBe(true)
      expect(
        ticks.filter((tick) => Math.sign(tick - (ticks[0] ?? 0) - jump / 2) === Math.sign(jump))
          .length,
      ).toBeGreaterThanOrEqual(3)
      await stop()
    }
  })

  it('a wall clock that wobbles within 30 s moves no sample', async () => {
    const { collector, time, published, records, stop } = world()
    await collector.start()
    for (const by of [20_000, -25_000, 10_000, -5000]) {
      time.jumpWall(by)
      await time.pass(10_000)
    }
    const ticks = published.filter(({ ticks }) => ticks > 0).map(({ t0Ms }) => t0Ms)
    ticks.forEach((tick, i) => i > 0 && expect(tick - (ticks[i - 1] ?? 0)).toBe(10_000))
    expect(
      records().some((record) => record.kind === 'event' && record.type === 'clock_reanchor'),
    ).toBe(false)
    await stop()
  })

  it('while the bus is away batches wait, and that is a degraded collector, not a failed one', async () => {
    const { collector, time, published, stop, bus } = world({ intervalMs: 1000, busAway: true })
    await collector.start()
    await time.pass(5000)
    expect(collector.health()).toMatchObject({ state: 'degraded' })
    expect(collector.health().detail).toContain('batches wait in the spool')
    bus.refuse = false
    await time.pass(20_000)
    expect(collector.health().state).toBe('ok')
    expect(published.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
      published.map((_, i) => i + 1),
    )
    await stop()
  })

  it('a full spool drops the oldest and reports exactly the sequences that are gone', async () => {
    const { collector, time, published, records, stop, bus } = world({
      intervalMs: 1000,
      busAway: true,
      spoolBytes: 32 << 10,
    })
    await collector.start()
    await time.pass(300_000)
    bus.refuse = false
    await time.pass(30_000)
    await stop()
    const held = new Set(published.map(({ seq }) => seq))
    const gaps = records().filter((record) => record.kind === 'gap')
    // A report that was dropped as well came again, joined with its neighbours.
    const gone = new Set(
      gaps.flatMap(({ from_seq, to_seq }) =>
        Array.from({ length: to_seq - from_seq + 1 }, (_, i) => from_seq + i),
      ),
    )
    expect(gone.size).toBeGreaterThan(10)
    expect([...gone].filter((seq) => held.has(seq))).toEqual([])
    const all = [...held, ...gone].toSorted((a, b) => a - b)
    expect(all).toEqual(all.map((_, i) => i + 1))
  })

  it('without targets it looks on this machine, again every minute, and reads what it finds', async () => {
    let looks = 0
    const { collector, time, published, logged, stop } = world({
      sections: [],
      detect: () =>
        Promise.resolve(
          ++looks < 3
            ? { state: 'absent', looked: 'http://127.0.0.1:1/' }
            : {
                state: 'present',
                looked: 'http://127.0.0.1:1/',
                target: { address: 'http://127.0.0.1:1/', node: 'me' },
              },
        ),
    })
    await collector.start()
    expect(collector.looked()).toEqual(['example: not here (looked for http://127.0.0.1:1/)'])
    expect(collector.targetCount()).toBe(0)
    await time.pass(150_000)
    expect(looks).toBe(3)
    expect(collector.targetCount()).toBe(1)
    expect(published.some(({ devices }) => devices.length === 8)).toBe(true)
    expect(logged.filter((line) => line === 'looked on this machine')).toHaveLength(2)
    await stop()
  })

  it('does nothing before start and can be stopped twice', async () => {
    const { collector, time, stop } = world()
    expect(collector.health().state).toBe('stopped')
    expect(collector.stats()).toBeNull()
    await collector.start()
    await stop()
    await collector.stop()
    expect(time.pending()).toBe(0)
  })
})
