import { describe, expect, it } from 'vitest'
import { buildBatch } from './collector/batch-build.ts'
import { createMerger, type DeviceRow, type Merger } from './collector/merge.ts'
import { T0, targetRead } from './collector/read.testing.ts'
import { loadSources } from './collector/sources.ts'
import { type SimulatedGpu, writeExporterPage } from './collector/sources/dcgm-exporter/simulate.ts'
import {
  type SimulatedNpu,
  writeBoard,
  writeNpuSmiInfo,
} from './collector/sources/npu-smi/simulate.ts'
import { toTarget } from './collector/targets/target.ts'
import { createBatchIdentifier, type IdentityNews } from './ingest/identity/batch-devices.ts'
import { createIdentityRegistry } from './ingest/identity/registry.ts'
import { decodeBatch, encodeBatch } from '#schemas/wire.ts'

/**
 * Identity that survives (DESIGN 4), from vendor output to device_id: whatever happens to a node, no device appears
 * that is not there, and none loses its history.
 */

const sources = await loadSources()

function site() {
  const registry = createIdentityRegistry([])
  const identify = createBatchIdentifier(registry)
  const news: IdentityNews = { aliases: [], replacements: [] }
  let tick = T0
  let boots = 0

  /** A collector process: its memory ends with it. */
  const collector = (name = 'c-1') => {
    const boot = String(++boots).padStart(32, '0')
    const merger: Merger = createMerger({
      config: { cluster: 'east', labels: { hall: '', rack: '', pool: '' }, nodeLabels: new Map() },
      orderOf: (source) => sources.findIndex((one) => one.name === source),
      onPinChange: () => undefined,
    })
    let seq = 0
    /** One answer of one tool of one node; returns device_id and description of each device it brought. */
    return (sourceName: string, text: string, node = 'n1', afterMs = 10_000) => {
      tick += afterMs
      const source = sources.find((one) => one.name === sourceName)
      if (source === undefined) throw new Error(`no source ${sourceName}`)
      const said = source.interpret(new TextEncoder().encode(text))
      const target = toTarget(`${node}:9400`, { node }, 'me')
      const read = targetRead(tick, said.devices, { source: sourceName, target, said })
      const rows = [...merger.accept(read).rows, ...merger.release(Infinity)]
      return rows.length === 0 ? [] : sent(rows, { cluster: 'east', collector: name, boot }, ++seq)
    }
  }
  const sent = (
    rows: readonly DeviceRow[],
    who: { readonly cluster: string; readonly collector: string; readonly boot: string },
    seq: number,
  ) => {
    const block = {
      stepMs: 10_000,
      devices: rows.map((row) => row.device),
      rows: rows.map((row) => new Map([[row.tickMs, row]])),
    }
    const bytes = encodeBatch(buildBatch({ ...who, simulated: false }, seq, block, []))
    const decoded = decodeBatch(bytes)
    if (!decoded.ok) throw new Error(decoded.reason)
    const { ids } = identify(decoded.batch, decoded.batch.t0Ms, news)
    return decoded.batch.devices.map((device, index) => ({ id: ids[index] ?? 0n, device }))
  }
  return { collector, news }
}

const idsOf = (found: readonly { readonly id: bigint }[]) =>
  found.map(({ id }) => String(id)).toSorted((a, b) => a.localeCompare(b))

const gpu = (index: number, more: Partial<SimulatedGpu> = {}): SimulatedGpu => ({
  uuid: `GPU-7c1e2f0${index}-91ab-4c2d-8e3f-5a6b7c8d9e0f`,
  index,
  bus: `00000000:${(0x18 + index).toString(16)}:00.0`,
  model: 'NVIDIA H100 80GB HBM3',
  hostname: 'n1',
  driver: '570.86.15',
  metrics: { gpu_util_ratio: 0.5, power_watts: 400, energy_joules_total: 1e9 },
  holder: null,
  xid: 0,
  ...more,
})
const node = [0, 1, 2, 3].map((index) => gpu(index))

describe('no phantom device, no lost history', () => {
  it('when the driver numbers the GPUs anew after a reboot', () => {
    const { collector, news } = site()
    const before = collector()('dcgm-exporter', writeExporterPage(node))
    const renumbered = node.map((one) => ({ ...one, index: 3 - one.index }))
    const after = collector()('dcgm-exporter', writeExporterPage(renumbered))
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(news.replacements).toEqual([])
    expect(after.find(({ device }) => device.index === 3)?.id).toBe(before[0]?.id)
  })

  it('when firmware gives every board another bus address', () => {
    const { collector, news } = site()
    const before = collector()('dcgm-exporter', writeExporterPage(node))
    const moved = node.map((one, n) => ({ ...one, bus: node[(n + 1) % 4]?.bus ?? '' }))
    const after = collector()('dcgm-exporter', writeExporterPage(moved))
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(new Set(news.replacements.map(({ newId }) => newId)).size).toBeLessThanOrEqual(4)
  })

  it('when the driver is loaded again in another version and its counters start at zero', () => {
    const { collector } = site()
    const read = collector()
    const before = read('dcgm-exporter', writeExporterPage(node))
    const reloaded = node.map((one) => ({
      ...one,
      driver: '580.10.02',
      metrics: { ...one.metrics, energy_joules_total: 5 },
    }))
    const after = read('dcgm-exporter', writeExporterPage(reloaded))
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(after[0]?.device.labels).toMatchObject({ driver_version: '580.10.02' })
  })

  it('when a hundred pods come and go on it', () => {
    const { collector } = site()
    const read = collector()
    const seen = new Set<bigint>()
    for (let pod = 0; pod < 100; pod += 1) {
      const held = node.map((one) => ({
        ...one,
        hostname: `exporter-${pod}`,
        holder: pod % 3 === 0 ? null : { namespace: 'ml', pod: `train-${pod}`, container: 'main' },
      }))
      for (const { id } of read('dcgm-exporter', writeExporterPage(held))) seen.add(id)
    }
    expect(seen.size).toBe(4)
  })

  it('when the collector is restarted, renamed, or another one takes the node over', () => {
    const { collector } = site()
    const page = writeExporterPage(node)
    const before = collector()('dcgm-exporter', page)
    expect(idsOf(collector()('dcgm-exporter', page))).toEqual(idsOf(before))
    expect(idsOf(collector('c-2')('dcgm-exporter', page))).toEqual(idsOf(before))
  })
})

describe('a replaced board', () => {
  it('is another device, and the old one is retired at that instant; its neighbours stay', () => {
    const { collector, news } = site()
    const read = collector()
    const before = read('dcgm-exporter', writeExporterPage(node))
    const fresh = gpu(2, { uuid: 'GPU-3d4e5f6a-0b1c-4d2e-9f3a-8b7c6d5e4f3a' })
    const after = read(
      'dcgm-exporter',
      writeExporterPage(node.map((one) => (one.index === 2 ? fresh : one))),
    )
    const kept = idsOf(after).filter((id) => idsOf(before).includes(id))
    expect(kept).toHaveLength(3)
    expect(news.replacements).toHaveLength(1)
    expect(news.replacements[0]).toMatchObject({ oldId: before[2]?.id })
  })

  it('that comes back in another node is the device it was', () => {
    const { collector } = site()
    const read = collector()
    const [first] = read('dcgm-exporter', writeExporterPage([gpu(0)]), 'n1')
    const [again] = read(
      'dcgm-exporter',
      writeExporterPage([gpu(0, { hostname: 'n2' })]),
      'n2',
      3_600_000,
    )
    expect(again?.id).toBe(first?.id)
    expect(again?.device.node).toBe('n2')
  })
})

const npu = (card: number, more: Partial<SimulatedNpu> = {}): SimulatedNpu => ({
  npu: card,
  chip: 0,
  phyId: card,
  name: '910B3',
  bus: `0000:${(0x40 + card).toString(16).toUpperCase()}:00.0`,
  health: 'OK',
  errorCodes: [],
  powerWatts: 95,
  temperatureCelsius: 40,
  aicorePercent: 10,
  memoryUsedMb: 3300,
  memoryTotalMb: 65_536,
  hugepages: { used: 0, total: 0 },
  processes: [],
  vdie: ['A0B1C2D3', '00000001', '00000002', '00000003', `0000000${card}`],
  npuUtilPercent: 12,
  aicubePercent: null,
  aivectorPercent: null,
  hbmBandwidthPercent: null,
  ...more,
})
const TOOL = {
  layout: 5,
  toolVersion: '24.1.rc3',
  driverVersion: '24.1.rc3',
  processBox: true,
} as const

describe('a second source', () => {
  it('that names a chip by its die later finds the device that only had a place', () => {
    const { collector } = site()
    const cards = [npu(0), npu(1)]
    const table = writeNpuSmiInfo(cards, TOOL)
    const before = collector()('npu-smi', table)
    const boards = cards.map(
      (card) => `npu-smi info -t board -i ${card.npu} -c 0\n${writeBoard(card)}`,
    )
    const after = collector()('npu-smi', [table, ...boards].join('\n'))
    expect(idsOf(after)).toEqual(idsOf(before))
    expect(after[0]?.device.keys.some((key) => key.startsWith('vdie:'))).toBe(true)
  })

  it('of the same node brings one row per device and tick, and no second device', () => {
    const { collector } = site()
    const read = collector()
    const page = writeExporterPage(node)
    const seen = new Set<bigint>()
    for (let n = 0; n < 20; n += 1) for (const { id } of read('dcgm-exporter', page)) seen.add(id)
    expect(seen.size).toBe(4)
  })
})
