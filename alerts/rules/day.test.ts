import { describe, expect, it } from 'vitest'
import type { Alert } from '#schemas/alerts/alert.ts'
import type { FleetEvent } from '#schemas/alerts/ports.ts'
import type { EventRule } from '#schemas/alerts/rule.ts'
import { readYaml } from '../../cli/import/yaml-document.ts'
import { isSignalName } from '../../query/alerts/signals.ts'
import { type EventMemory, evaluateEvents } from '../engine/evaluate-event.ts'
import { loadRules } from './load.ts'

/** A fleet of 50,000 sees about 14 device faults a day (issue 7, item 4). */
const DEVICES = 50_000
const RACK_DEVICES = 64
const FAULTS_A_DAY = 14
const DAYS = 200
const DAY_MS = 86_400_000
const START_MS = Date.UTC(2026, 4, 4)

/** Numbers in [0, 1) by a seed (mulberry32), so that a failing day can be played again. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Faults of both vendors: code, share of all, whether the job on the device is over. */
const FAULTS = [
  { source: 'kernel', type: 'xid', code: '79', severity: 'fatal', fault_class: 'bus', share: 0.1 },
  {
    source: 'kernel',
    type: 'xid',
    code: '48',
    severity: 'critical',
    fault_class: 'memory',
    share: 0.15,
  },
  {
    source: 'kernel',
    type: 'xid',
    code: '63',
    severity: 'warning',
    fault_class: 'memory',
    share: 0.2,
  },
  {
    source: 'kernel',
    type: 'xid',
    code: '13',
    severity: 'warning',
    fault_class: 'application',
    share: 0.2,
  },
  {
    source: 'npu-smi',
    type: 'fault',
    code: '80E01801',
    severity: 'critical',
    fault_class: 'memory',
    share: 0.15,
  },
  {
    source: 'npu-smi',
    type: 'fault',
    code: '80CB8009',
    severity: 'warning',
    fault_class: 'link',
    share: 0.1,
  },
  {
    source: 'npu-smi',
    type: 'device_missing',
    code: '',
    severity: 'critical',
    fault_class: 'bus',
    share: 0.1,
  },
] as const

/** Jobs as a large fleet has them: most devices are in jobs of hundreds and thousands. Sizes and shares of devices. */
const JOBS = [
  { devices: 4096, share: 0.08 },
  { devices: 1024, share: 0.1 },
  { devices: 512, share: 0.1 },
  { devices: 128, share: 0.22 },
  { devices: 32, share: 0.25 },
  { devices: 8, share: 0.25 },
] as const

function pick<Row extends { readonly share: number }>(rows: readonly Row[], at: number): Row {
  let sum = 0
  for (const row of rows) {
    sum += row.share
    if (at < sum) return row
  }
  const last = rows.at(-1)
  if (last === undefined) throw new Error('nothing to pick from')
  return last
}

interface Fault {
  readonly event: FleetEvent
  readonly rack: string
  readonly jobDevices: number
}

function dayOf(random: () => number, dayMs: number): Fault[] {
  const faults = Array.from({ length: FAULTS_A_DAY }, (): Fault => {
    const device = Math.floor(random() * DEVICES)
    const { share: _share, ...fault } = pick(FAULTS, random())
    const node = `n${Math.floor(device / 8)}`
    const event: FleetEvent = {
      ...fault,
      at_ms: dayMs + Math.floor(random() * DAY_MS),
      node,
      device: String(device + 1),
      cluster: 'east',
      collector: node,
      edge: 'open',
      message: 'planted',
    }
    const rack = `r${Math.floor(device / RACK_DEVICES)}`
    return { event, rack, jobDevices: pick(JOBS, random()).devices }
  })
  return faults.toSorted((a, b) => a.event.at_ms - b.event.at_ms)
}

const pack = await loadRules({
  read: (text, schema, file) => readYaml(text, schema, file).data,
  hasSignal: isSignalName,
})
const eventRules = [...pack.rules.values()].flatMap(({ rule }): EventRule[] =>
  rule.lane === 'event' ? [rule] : [],
)

/** Severities of all alerts that one day opens, as they stand at the end. */
function alertsOf(faults: readonly Fault[], stops: (fault: Fault) => boolean): Alert[] {
  return eventRules.flatMap((rule) => {
    let alerts: ReadonlyMap<string, Alert> = new Map()
    let memory: EventMemory = new Map()
    for (const fault of faults) {
      const { event, rack, jobDevices } = fault
      const place = {
        rack,
        node: event.node,
        job: `j${event.device}`,
        job_devices: String(jobDevices),
      }
      const standing = new Map([[event.device, place]])
      for (const isOver of [false, true]) {
        const open = [...alerts.values()].filter(({ labels }) => labels.device === event.device)
        const stopped = new Set(isOver && stops(fault) ? open.map((one) => one.fingerprint) : [])
        const input = { events: isOver ? [] : [event], standing, stopped }
        const nowMs = event.at_ms + (isOver ? 60_000 : 1_000)
        const next = evaluateEvents(rule, input, { alerts, memory }, nowMs)
        memory = next.memory
        alerts = new Map([...alerts, ...next.alerts.map((one) => [one.fingerprint, one] as const)])
      }
    }
    return [...alerts.values()]
  })
}

describe('14 device faults a day on 50,000 devices', () => {
  const random = randomOf(20_260_504)
  // A critical fault ends its job in every other case; a fatal one always does.
  const pages = Array.from({ length: DAYS }, (_, day) => {
    const faults = dayOf(random, START_MS + day * DAY_MS)
    const endings = new Set(
      faults.filter(
        ({ event }) =>
          event.severity === 'fatal' || (event.severity === 'critical' && random() < 0.5),
      ),
    )
    const alerts = alertsOf(faults, (fault) => endings.has(fault))
    expect(alerts.length).toBeGreaterThanOrEqual(FAULTS_A_DAY - 2)
    return alerts.filter(({ severity }) => severity === 'page').length
  })
  const mean = pages.reduce((sum, count) => sum + count, 0) / DAYS

  it('are at most two pages a day on average', () => {
    const over = pages.filter((count) => count > 2).length
    console.log(`pages a day: mean ${mean.toFixed(2)}, ${over} of ${DAYS} days above two`)
    expect(mean).toBeGreaterThan(0)
    expect(mean).toBeLessThanOrEqual(2)
  })
  it('each tells what the pack makes of it: a ticket unless a job of 256 devices or more stopped', () => {
    const quiet = dayOf(randomOf(7), START_MS)
    const alerts = alertsOf(
      quiet.map((fault) => ({ ...fault, jobDevices: 128 })),
      () => true,
    )
    expect(alerts.filter(({ severity }) => severity === 'page')).toEqual([])
  })
  it('three devices of one rack within an hour page, whatever their jobs', () => {
    const [first] = dayOf(randomOf(9), START_MS).filter(
      ({ event }) => event.severity === 'critical',
    )
    if (first === undefined) throw new Error('no critical fault in this day')
    const three = [0, 1, 2].map((at) => ({
      ...first,
      jobDevices: 8,
      event: { ...first.event, device: String(at + 1), at_ms: START_MS + at * 600_000 },
    }))
    const severities = alertsOf(three, () => false).map(({ severity }) => severity)
    expect(severities).toEqual(['page', 'page', 'page'])
  })
})
