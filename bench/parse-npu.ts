/**
 * How long reading `npu-smi info` takes, per table size. Run: `bin/node24 bench/parse-npu.ts`.
 * Prints one line per case: bytes, devices, median and 99th percentile of one interpret() call, ms.
 */
import { interpret } from '../collector/sources/npu-smi/interpret.ts'
import { type SimulatedNpu, writeNpuSmiInfo } from '../collector/sources/npu-smi/simulate.ts'

const RUNS = 400
const WARM_UP = 200

function chip(index: number, dies: number): SimulatedNpu {
  return {
    npu: Math.floor(index / dies),
    chip: index % dies,
    phyId: index,
    name: dies === 2 ? 'Ascend910' : '910B3',
    bus: `0000:${(0x40 + index).toString(16).toUpperCase()}:00.0`,
    health: 'OK',
    errorCodes: [],
    powerWatts: index % dies === 0 ? 180.5 : null,
    temperatureCelsius: 40 + (index % 9),
    aicorePercent: (index * 37) % 101,
    memoryUsedMb: 3000 + index * 911,
    memoryTotalMb: 65_536,
    hugepages: { used: 0, total: 0 },
    processes: Array.from({ length: 8 }, (_, n) => ({
      pid: 9000 + n,
      name: 'python',
      memoryMb: 900,
    })),
    vdie: null,
    npuUtilPercent: null,
    aicubePercent: null,
    aivectorPercent: null,
    hbmBandwidthPercent: null,
  }
}

function table(count: number, dies: number): Uint8Array {
  const devices = Array.from({ length: count }, (_, index) => chip(index, dies))
  const layout = dies === 2 ? 6 : 5
  const tool = { layout, toolVersion: '25.5.1', driverVersion: '25.5.1', processBox: true } as const
  return new TextEncoder().encode(writeNpuSmiInfo(devices, tool))
}

function measure(name: string, bytes: Uint8Array, runs: number): void {
  for (let run = 0; run < Math.min(WARM_UP, runs); run += 1) interpret(bytes)
  const timesMs: number[] = []
  let devices = 0
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now()
    devices = interpret(bytes).devices.length
    timesMs.push(performance.now() - started)
  }
  timesMs.sort((a, b) => a - b)
  const at = (share: number) => (timesMs[Math.floor(share * (runs - 1))] ?? 0).toFixed(3)
  const cells = [name.padEnd(26), String(bytes.length).padStart(9), String(devices).padStart(8)]
  console.log(cells.join(' '), at(0.5).padStart(9), at(0.99).padStart(9))
}

console.log('case                           bytes  devices  p50 ms   p99 ms')
measure('8 x 910B3, 64 processes', table(8, 1), RUNS)
measure('16 dies A3, 128 processes', table(16, 2), RUNS)
measure('64 x 910B3', table(64, 1), RUNS)
measure('10 MB on one line', new Uint8Array(10_000_000).fill(65), 5)
measure('8 MB of other lines', new TextEncoder().encode('some log line: 1\n'.repeat(480_000)), 3)
