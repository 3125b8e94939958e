import { describe, expect, it } from 'vitest'
import type { DeviceReading } from '#schemas/reading.ts'
import { createMerger, type DeviceRow } from './merge.ts'
import { T0, targetRead } from './read.testing.ts'
import { type SimulatedCnmonCard, writeCnmonBox } from './sources/cnmon/simulate.ts'
import cnmon from './sources/cnmon/source.ts'
import { type SimulatedMlu, writeMluExporterPage } from './sources/mlu-exporter/simulate.ts'
import mluExporter from './sources/mlu-exporter/source.ts'
import { type SimulatedChip, writeNpuExporterPage } from './sources/npu-exporter/simulate.ts'
import npuExporter from './sources/npu-exporter/source.ts'
import {
  renderCommand,
  type SimulatedLayout,
  type SimulatedNpu,
  writeNpuSmiInfo,
} from './sources/npu-smi/simulate.ts'
import npuSmi from './sources/npu-smi/source.ts'
import { toTarget } from './targets/target.ts'

/** Two tools of one vendor on one node, each seeing the same devices in its own words. */

const bytes = (text: string) => new TextEncoder().encode(text)
const tick = (n: number) => T0 + n * 10_000

type Tool = 'npu-smi' | 'npu-exporter' | 'cnmon' | 'mlu-exporter'
type Said = readonly [tool: Tool, devices: readonly DeviceReading[]]

function newNode(first: Tool) {
  const merger = createMerger({
    config: {
      cluster: 'alpha',
      labels: { hall: 'h1', rack: '', pool: '' },
      nodeLabels: new Map(),
    },
    orderOf: (source) => (source === first ? 0 : 1),
    onPinChange: () => undefined,
  })
  /** The rows of one tick, in which the tools answer in this order. */
  const rowsOf = (n: number, ...said: readonly Said[]): readonly DeviceRow[] => {
    const accepted = said.map(([source, devices]) => {
      const target = toTarget(`${source}.local:1`, { node: 'n1' }, 'n1')
      return merger.accept(targetRead(tick(n), devices, { source, target }))
    })
    for (const { rejected } of accepted) expect(rejected).toEqual({})
    return [...accepted.flatMap(({ rows }) => rows), ...merger.release(tick(n) + 9000)]
  }
  return { merger, rowsOf }
}

function npu(more: Partial<SimulatedNpu> & Pick<SimulatedNpu, 'npu' | 'phyId'>): SimulatedNpu {
  return {
    chip: 0,
    name: '910B3',
    bus: `0000:${(0x40 + more.phyId).toString(16)}:00.0`.toUpperCase(),
    health: 'OK',
    errorCodes: [],
    powerWatts: 101.5,
    temperatureCelsius: 41,
    aicorePercent: 30,
    memoryUsedMb: 4096,
    memoryTotalMb: 65_536,
    hugepages: { used: 0, total: 0 },
    processes: [],
    vdie: ['0A1B2C3D', '11223344', '55667788', '99AABBCC', `0000000${more.phyId}`],
    npuUtilPercent: 65,
    aicubePercent: 20,
    aivectorPercent: 5,
    hbmBandwidthPercent: 12,
    ...more,
  }
}

/** Four dies of two 910C packages: each die has a bus of its own. */
const A3 = [0, 1, 2, 3].map((phyId) =>
  npu({
    npu: phyId >> 1,
    chip: phyId & 1,
    phyId,
    name: 'Ascend910',
    powerWatts: phyId % 2 === 0 ? 180.5 : null,
  }),
)
/** Cards of one chip each, numbered by what a container left of them. */
const A2 = [5, 6].map((phyId) => npu({ npu: phyId, phyId }))
/** A 300I Duo: two chips on one card and one bus. */
const DUO = [0, 1].map((phyId) =>
  npu({ npu: 64, chip: phyId, phyId, name: '310P3', bus: '0000:03:00.0', powerWatts: null }),
)
/** A 310 card: two chips on one card, each with a bus of its own. */
const OLD = [0, 1].map((phyId) =>
  npu({ npu: 1, chip: phyId, phyId, name: '310', powerWatts: 12.8 }),
)

const tool = (layout: SimulatedLayout) =>
  ({ layout, toolVersion: '25.5.1', driverVersion: '25.5.1', processBox: true }) as const

function ofNpuSmi(npus: readonly SimulatedNpu[], hasBoard: boolean): Said {
  const form = tool(npus === A3 ? 6 : 5)
  const boards = npus.map(({ npu: card, chip }) => {
    const args = ['info', '-t', 'board', '-i', String(card), '-c', String(chip)]
    return `npu-smi ${args.join(' ')}\n${renderCommand(args, npus, form).stdout}`
  })
  const text = [writeNpuSmiInfo(npus, form), ...(hasBoard ? boards : [])].join('\n')
  return ['npu-smi', npuSmi.interpret(bytes(text)).devices]
}

function ofNpuExporter(npus: readonly SimulatedNpu[]): Said {
  const chips = npus.map((each): SimulatedChip => ({
    id: each.phyId,
    modelName: `${each.name}-Ascend-V1`,
    vdie: each.vdie?.join('-').toLowerCase() ?? null,
    bus: each.bus.toLowerCase(),
    metrics: {
      aicore_ratio: 0.31,
      power_watts: npus === DUO ? 60 : each.powerWatts,
      temperature_celsius: 42,
      memory_used_bytes: 4 * 2 ** 30,
      memory_total_bytes: 64 * 2 ** 30,
    },
    holder: null,
    faultCodes: [],
    isHealthy: true,
    processIds: [],
  }))
  const options = { atMs: T0, exporterVersion: 'v7.1.0', hasHbm: npus === A3 || npus === A2 }
  return [
    'npu-exporter',
    npuExporter.interpret(bytes(writeNpuExporterPage(chips, options))).devices,
  ]
}

describe('one Ascend chip in npu-smi and npu-exporter', () => {
  it.each([
    ['two dies of a package', A3],
    ['cards that a container numbers 5 and 6', A2],
    ['two chips of a 300I Duo on one bus', DUO],
    ['two chips of a 310 card on their own buses', OLD],
  ] as const)('%s: exactly one row per device and tick, whoever speaks first', (_name, npus) => {
    const [table, board] = [ofNpuSmi(npus, false), ofNpuSmi(npus, true)]
    const page = ofNpuExporter(npus)
    const orders: readonly (readonly (readonly Said[])[])[] = [
      [
        [table, page],
        [board, page],
        [page, table],
      ],
      [
        [page, table],
        [page, board],
        [table, page],
      ],
      [[board, page], [table, page], [board]],
      [[table], [page], [board, page]],
    ]
    for (const ticks of orders) {
      const { merger, rowsOf } = newNode('npu-exporter')
      for (const [n, said] of ticks.entries()) {
        const rows = rowsOf(n, ...said)
        expect(new Set(rows.map(({ device }) => device))).toHaveLength(npus.length)
        expect(rows).toHaveLength(npus.length)
        expect(rows.every(({ tickMs }) => tickMs === tick(n))).toBe(true)
      }
      expect(merger.deviceCount()).toBe(npus.length)
    }
  })

  it('a device that both see has the die for a name, both sources, and the power of its package once', () => {
    const { rowsOf } = newNode('npu-exporter')
    const said = [ofNpuSmi(A3, true), ofNpuExporter(A3)] as const
    rowsOf(0, ...said)
    const rows = rowsOf(1, ...said)
    expect(rows.map(({ device }) => device.keys)).toEqual(
      A3.map(({ phyId, chip, bus }) => [
        `vdie:0A1B2C3D-11223344-55667788-99AABBCC-0000000${phyId}`,
        `slot:n1/${bus}/${chip}`,
        `slot:n1/phy${phyId}/${chip}`,
      ]),
    )
    for (const { device } of rows) expect(device.sources).toEqual(['npu-exporter', 'npu-smi'])
    expect(rows.map(({ metrics }) => metrics.power_watts)).toEqual([180.5, null, 180.5, null])
    // The exporter is believed first: 31 %, where the box says 30 %.
    expect(rows.map(({ metrics }) => metrics.aicore_ratio)).toEqual([0.31, 0.31, 0.31, 0.31])
  })

  it('an exporter that tells neither die nor bus knows a 910C die by its Phy-ID', () => {
    const bare = A3.map((each) => ({ ...each, vdie: null, bus: '' }))
    for (const said of [
      [ofNpuSmi(A3, false), ofNpuExporter(bare)],
      [ofNpuExporter(bare), ofNpuSmi(A3, true)],
    ]) {
      const { merger, rowsOf } = newNode('npu-exporter')
      for (const n of [0, 1]) expect(rowsOf(n, ...said)).toHaveLength(4)
      expect(merger.deviceCount()).toBe(4)
    }
  })

  it('the power of a Duo card is counted once', () => {
    const { rowsOf } = newNode('npu-exporter')
    const said = [ofNpuSmi(DUO, true), ofNpuExporter(DUO)] as const
    rowsOf(0, ...said)
    const rows = rowsOf(1, ...said)
    expect(rows.map(({ metrics }) => metrics.power_watts)).toEqual([60, null])
  })
})

const CARDS = [0, 1, 2, 3].map((card): SimulatedCnmonCard => ({
  card,
  name: 'MLU370-X8',
  firmware: '1.1.6',
  bus: `0000:${(0x39 + 4 * card).toString(16).toUpperCase()}:00.0`,
  utilPercent: 37,
  fanPercent: 0,
  temperatureCelsius: 44,
  powerWatts: card < 2 ? 131 : 107,
  powerCapWatts: 250,
  memoryUsedMib: 9120,
  memoryTotalMib: 23_374,
  eccErrors: 0,
  mode: 'FULL',
  processes: [],
}))
const MLUS = CARDS.map(({ card, powerWatts }): SimulatedMlu => ({
  uuid: `ab000000-0000-0000-0000-00000000000${card}`,
  serial: `SN00${card >> 1}`,
  slot: card,
  model: 'MLU370-X8',
  node: 'n1',
  driver: '5.10.22',
  firmware: '1.1.6',
  metrics: { busy_ratio: 0.38, power_watts: powerWatts, temperature_celsius: 45 },
  holder: null,
  unhealthyReason: null,
  codes: new Map(),
}))
const page: Said = [
  'mlu-exporter',
  mluExporter.interpret(bytes(writeMluExporterPage(MLUS))).devices,
]
const boxOf = (box: '4.20' | '5.10-sriov' | '5.10-mode', cards = CARDS): Said => {
  const form = { box, toolVersion: '5.10.22', driverVersion: '5.10.22', timeLine: null }
  return ['cnmon', cnmon.interpret(bytes(writeCnmonBox(cards, form))).devices]
}

describe('one MLU in cnmon and mlu-exporter', () => {
  it.each(['4.20', '5.10-sriov', '5.10-mode'] as const)(
    'box of %s: exactly one row per card and tick, whoever speaks first',
    (form) => {
      const box = boxOf(form)
      for (const ticks of [
        [[box, page], [page, box], [page]],
        [[page, box], [box], [box, page]],
        [[box], [page], [box, page]],
      ] satisfies (readonly Said[])[][]) {
        const { merger, rowsOf } = newNode('mlu-exporter')
        for (const [n, said] of ticks.entries()) expect(rowsOf(n, ...said)).toHaveLength(4)
        expect(merger.deviceCount()).toBe(4)
      }
    },
  )

  it('a board of two cards counts its power once, and the exporter is believed first', () => {
    const { rowsOf } = newNode('mlu-exporter')
    rowsOf(0, boxOf('5.10-mode'), page)
    const rows = rowsOf(1, boxOf('5.10-mode'), page)
    expect(rows.map(({ metrics }) => metrics.power_watts)).toEqual([131, null, 107, null])
    expect(rows.map(({ metrics }) => metrics.busy_ratio)).toEqual([0.38, 0.38, 0.38, 0.38])
    expect(rows[1]?.device).toMatchObject({
      keys: [
        'slot:n1/0000:3D:00.0/0',
        'slot:n1/mlu1/0',
        'uuid:ab000000-0000-0000-0000-000000000001',
      ],
      bus: '0000:3D:00.0',
      sources: ['mlu-exporter', 'cnmon'],
    })
  })

  it('cards that move up when one is lost keep their names', () => {
    const { rowsOf } = newNode('mlu-exporter')
    rowsOf(0, boxOf('5.10-mode'), page)
    const left = CARDS.slice(1).map((card, at) => ({ ...card, card: at }))
    const rows = rowsOf(1, boxOf('5.10-mode', left))
    expect(rows.map(({ device }) => device.keys.find((key) => key.startsWith('uuid:')))).toEqual([
      'uuid:ab000000-0000-0000-0000-000000000001',
      'uuid:ab000000-0000-0000-0000-000000000002',
      'uuid:ab000000-0000-0000-0000-000000000003',
    ])
  })
})
