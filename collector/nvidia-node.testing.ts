import type { MetricValues } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import { T0 } from './read.testing.ts'
import type { CommandResult, CommandStream, SourceIo } from './source.ts'
import { writeExporterPage } from './sources/dcgm-exporter/simulate.ts'
import dcgmExporter, { DcgmExporterConfig } from './sources/dcgm-exporter/source.ts'
import {
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
  writeHierarchy,
} from './sources/dcgmi-dmon/simulate.ts'
import dcgmiDmon from './sources/dcgmi-dmon/source.ts'
import { renderCommand, type SimulatedGpu } from './sources/nvidia-smi/simulate.ts'
import nvidiaSmi from './sources/nvidia-smi/source.ts'

/** One node for tests, seen by all three tools of NVIDIA, each in its own words: three boards, one of them cut up. */

export const TOOLS = ['dcgm-exporter', 'dcgmi-dmon', 'nvidia-smi'] as const
export type Tool = (typeof TOOLS)[number]

const MIB = 2 ** 20
export const MODEL = 'NVIDIA H100 80GB HBM3'
export const uuidOf = (index: number) => `GPU-12345678-9abc-4def-8123-456789abcde${index}`
export const MASKED = 'GPU-00000000-0000-0000-0000-000000000000'
/** DCGM prints eight digits and capitals, the exporter too, and others four. */
const busOf = (index: number) => `00000000:${['1B', '2C', 'DA'][index] ?? 'FF'}:00.0`

export interface World {
  /** UUIDs as every tool prints them; a masked one leaves the place as the name. */
  readonly uuids: readonly string[]
}

const MIG = [
  { gpuInstance: 2, entityId: 21, profile: '3g.40gb' },
  { gpuInstance: 9, entityId: 22, profile: '1g.10gb' },
] as const

/** Watts say which tool is believed: the exporter's 400, dmon's 401, nvidia-smi's 402. */
export const WATTS: Readonly<Record<Tool, number>> = {
  'dcgm-exporter': 400,
  'dcgmi-dmon': 401,
  'nvidia-smi': 402,
}

function exporterPage({ uuids }: World): string {
  const gpu = (index: number, metrics: MetricValues) => ({
    uuid: uuids[index] ?? '',
    index,
    bus: busOf(index),
    model: MODEL,
    hostname: 'dcgm-exporter-x7f2p',
    driver: '590.48.01',
    metrics,
    holder: null,
    xid: 0,
  })
  const board = { power_watts: 400, temperature_celsius: 50, sm_clock_hertz: 1.98e9 }
  return writeExporterPage([
    gpu(0, { ...board, gpu_util_ratio: 0.5, gr_engine_active_ratio: 0.5 }),
    ...MIG.map(({ gpuInstance, profile }) => ({
      ...gpu(1, { ...board, gr_engine_active_ratio: 0.75, memory_used_bytes: 10 * MIB }),
      instance: { id: gpuInstance, profile },
    })),
    gpu(2, { ...board, gpu_util_ratio: 0.25 }),
  ])
}

/** What dmon is asked for here; `energy` and `SM active` only it has. */
const DMON_FIELDS = [1001, 1002, 155, 156, 252]

const dmonPass = () =>
  [
    ...[0, 1, 2].map((index) => `GPU ${index}`),
    ...MIG.map(({ entityId }) => `GPU-I ${entityId}`),
  ].reduce(
    (text, entity) =>
      text +
      writeDmonRow('4.5', DMON_FIELDS, {
        entity,
        values: new Map([
          [1001, 0.6],
          [1002, 0.4],
          [155, 401],
          [156, 7_000_000],
          [252, 11],
        ]),
      }),
    writeDmonHeader('4.5', DMON_FIELDS),
  )

const discovered = ({ uuids }: World) =>
  uuids.map((uuid, id) => ({ id, name: MODEL, bus: busOf(id), uuid }))

function hierarchy(world: World): string {
  const gpu = discovered(world)[1]
  return gpu === undefined ? '' : writeHierarchy(MIG.map((mig) => ({ ...mig, gpu })))
}

function smiGpu({ uuids }: World, index: number): SimulatedGpu {
  return {
    index,
    model: MODEL,
    architecture: 'Hopper',
    uuid: uuids[index] ?? '',
    serial: `165202300000${index}`,
    bus: busOf(index),
    utilPercent: 55,
    memoryUtilPercent: 20,
    powerWatts: 402,
    powerLimitWatts: 650,
    powerLimitMaxWatts: 700,
    temperatureCelsius: 52,
    memoryTemperatureCelsius: 60,
    tlimitCelsius: 30,
    slowdownCelsius: 90,
    smClockMhz: 1900,
    smClockMaxMhz: 1980,
    memoryClockMhz: 2619,
    memoryTotalMib: 81_559,
    memoryReservedMib: 479,
    memoryUsedMib: 12,
    reasons: 4,
    slowedUs: [1_500_000, 0, 0, 0],
    eccCorrected: 0,
    eccUncorrected: 0,
    rowsRemapped: 0,
    isRemapPending: false,
    recoveryAction: 'None',
    mig:
      index !== 1
        ? []
        : MIG.map(({ gpuInstance, profile }) => ({
            gpuInstance,
            computeInstance: 0,
            profile,
            uuid: `MIG-12345678-1111-5222-8333-44444444444${gpuInstance}`,
            multiprocessors: 60,
            memoryTotalMib: 20_000,
            memoryUsedMib: 12,
          })),
    processes: [],
  }
}

/** The tools of this node. */
function machineOf(world: World): SourceIo {
  const answer = (text: string): CommandResult => ({
    exitCode: 0,
    stdout: new TextEncoder().encode(text),
    stderr: new Uint8Array(),
    failure: null,
  })
  const gpus = world.uuids.map((_, index) => smiGpu(world, index))
  const driver = { version: '595.80', cuda: '13.2', schema: 'v13' } as const
  const stream: CommandStream = {
    take: () => ({ lines: dmonPass().trimEnd().split('\n'), dropped: 0 }),
    ended: () => null,
    stop: () => Promise.resolve(),
  }
  return {
    run(command, args) {
      if (command === 'nvidia-smi')
        return Promise.resolve(answer(renderCommand(args, gpus, driver).stdout))
      if (args[0] === '--version') return Promise.resolve(answer('dcgmi  version: 4.5.3\n'))
      const text = args[1] === '-c' ? hierarchy(world) : writeDiscoveryList(discovered(world))
      return Promise.resolve(answer(text))
    },
    stream: () => stream,
    get: () =>
      Promise.resolve({
        status: 200,
        body: new TextEncoder().encode(exporterPage(world)),
        failure: null,
      }),
    hasCommand: () => Promise.resolve(true),
  }
}

export async function readAll(world: World): Promise<Readonly<Record<Tool, Interpretation>>> {
  const io = machineOf(world)
  const context = { io, nowMs: T0, timeoutMs: 5000 }
  const target = (address: string) => ({ address, node: 'n1' })
  const answers = {
    'dcgm-exporter': await dcgmExporter.read({
      ...context,
      target: target('http://127.0.0.1:9400/metrics'),
      config: DcgmExporterConfig.parse({}),
      memory: new Map(),
    }),
    'dcgmi-dmon': await dcgmiDmon.read({
      ...context,
      target: target('dcgmi'),
      config: dcgmiDmon.config.parse({ fields: DMON_FIELDS }),
      memory: new Map(),
    }),
    'nvidia-smi': await nvidiaSmi.read({
      ...context,
      target: target('nvidia-smi'),
      config: nvidiaSmi.config.parse({}),
      memory: new Map(),
    }),
  }
  return answers
}
