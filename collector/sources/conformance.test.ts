import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meterId } from '#schemas/meter-id.ts'
import { isMeterMetricName } from '#schemas/meter-metrics.ts'
import { isMetricName } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { EventRecord } from '#schemas/records.ts'
import { INTERVAL_SECONDS } from '../config.ts'
import { loadSources } from '../sources.ts'

/** What every source promises, whoever wrote it. A new folder is walked without touching this file. */
const sources = await loadSources()
const folderOf = (name: string) => join(import.meta.dirname, name)

function casesOf(name: string): { case: string; file: string; bytes: Uint8Array }[] {
  const root = join(folderOf(name), 'testcases')
  return readdirSync(root).flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.startsWith('input'))
      .map((file) => ({ case: folder, file, bytes: readFileSync(join(root, folder, file)) })),
  )
}

function expectCoherent(read: Interpretation, source: string): void {
  expect(read.source).toBe(source)
  if (read.outcome === 'ok') {
    expect(read.reason).toBeNull()
    const { devices, events, nodes = [], links = [], meters = [] } = read
    const found = [devices, events, nodes, links, meters].map(({ length }) => length)
    expect(Math.max(...found)).toBeGreaterThan(0)
  } else {
    expect(read.reason).toMatch(/^\P{Cc}{1,256}$/u)
    expect(read.detail?.length ?? 0).toBeGreaterThan(0)
    // It may list devices, but only as unreadable, never with a measurement to work with.
    for (const { failed, metrics } of read.devices) {
      expect(failed).not.toBeNull()
      expect(
        metrics.busy_ratio ?? metrics.gpu_util_ratio ?? metrics.npu_util_ratio ?? null,
      ).toBeNull()
    }
  }
  const counted = Object.values(read.rejectedByReason).reduce((sum, count) => sum + count, 0)
  expect(counted).toBeGreaterThanOrEqual(read.rejected.length)
  expect(read.rejected.length).toBeLessThanOrEqual(64)
  expect(read.ignored.length).toBeLessThanOrEqual(1024)
  for (const event of read.events) EventRecord.parse(event)
  for (const { meter, point, metrics } of read.meters ?? []) {
    expect(meterId(meter ?? 'the-target', point), `${meter} ${point} is no id`).not.toBeNull()
    for (const [name, value] of Object.entries(metrics)) {
      expect(isMeterMetricName(name), `${name} is not in the catalogue`).toBe(true)
      expect(value === null || Number.isFinite(value), `${name} is ${value}`).toBe(true)
    }
  }
  for (const device of read.devices) {
    expect(device.keys.length).toBeGreaterThan(0)
    for (const key of device.keys) expect(key).toMatch(/^(uuid|vdie|serial|slot|mig):./u)
    expect(device.vendor).not.toBe('')
    for (const [name, value] of Object.entries(device.metrics)) {
      expect(isMetricName(name), `${name} is not in the catalogue`).toBe(true)
      expect(value === null || Number.isFinite(value), `${name} is ${value}`).toBe(true)
    }
  }
}

it('there are sources, each under its own name', () => {
  expect(sources.length).toBeGreaterThanOrEqual(2)
  expect(new Set(sources.map((source) => source.name)).size).toBe(sources.length)
})

it('every format that users name is known, once', () => {
  const names = sources.flatMap(({ name, formats = [] }) => [
    name,
    ...formats.map((one) => one.name),
  ])
  expect(new Set(names).size).toBe(names.length)
  expect(names).toEqual(
    expect.arrayContaining([
      'dcgm-exporter',
      'dcgmi-dmon',
      'nvidia-smi-csv',
      'nvidia-smi-xml',
      'npu-smi',
      'npu-smi-watch',
      'npu-exporter',
      'cnmon',
      'mlu-exporter',
      'xpu-smi',
      'prometheus',
      'snmp',
    ]),
  )
})

describe.each(sources.map((source) => [source.name, source] as const))('%s', (name, source) => {
  it('has parser, map, page for people and cases in its folder', () => {
    const files = readdirSync(folderOf(name))
    expect(files.some((file) => /^parse.*\.ts$/.test(file))).toBe(true)
    for (const file of [
      'source.ts',
      'map.ts',
      'README.md',
      'testcases',
      'simulate.ts',
      'faults.ts',
    ])
      expect(existsSync(join(folderOf(name), file)), `${name}/${file} is missing`).toBe(true)
    expect(casesOf(name).length).toBeGreaterThan(2)
  })

  it('has an interval that divides a minute, and options with defaults', () => {
    expect(INTERVAL_SECONDS.map((seconds) => seconds * 1000)).toContain(source.defaultIntervalMs)
    expect(source.config.safeParse({}).success).toBe(true)
    expect(source.config.safeParse({ no_such_option: 1 }).success).toBe(false)
  })

  it('recognizes its own cases more surely than any other source does', () => {
    for (const { case: folder, file, bytes } of casesOf(name)) {
      const own = source.recognize(bytes)
      const others = sources
        .filter((other) => other !== source)
        .map((other) => other.recognize(bytes))
      if (own > 0 || Math.max(0, ...others) > 0)
        expect(own, `${folder}/${file}`).toBeGreaterThan(Math.max(0, ...others))
    }
  })

  it('reads its own cases coherently', () => {
    for (const { bytes } of casesOf(name)) expectCoherent(source.interpret(bytes), name)
  })

  it('reads its own cases cut anywhere, or with any byte changed, without a throw', () => {
    const cases = casesOf(name).map(({ bytes }) => bytes)
    const damaged = fc
      .tuple(fc.constantFrom(...cases), fc.nat(), fc.nat(255), fc.boolean())
      .map(([bytes, at, value, isCut]) => {
        if (bytes.length === 0) return bytes
        if (isCut) return bytes.subarray(0, at % bytes.length)
        const changed = Uint8Array.from(bytes)
        changed[at % bytes.length] = value
        return changed
      })
    fc.assert(
      fc.property(damaged, (bytes) => expectCoherent(source.interpret(bytes), name)),
      { numRuns: 60 },
    )
  })

  it('reads any bytes without a throw, and never as ok devices out of nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        expectCoherent(source.interpret(bytes), name)
        expect(source.recognize(bytes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 60 },
    )
    expect(source.interpret(new Uint8Array()).outcome).toBe('failed')
  })
})
