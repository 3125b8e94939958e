/**
 * What ingest costs: decode, checks, column join and insert, over a real embedded engine.
 * `bin/node24 bench/ingest.ts [windows]` prints rows and values per CPU-second, of this process and of the
 * engine. One window is one insert of about 200,000 rows: 2,500 messages of 8 devices x 10 ticks.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { freshStore } from '../ingest/pipeline.testing.ts'
import {
  asMessage,
  newBoot,
  testBatch,
  testDevice,
  type Cells,
} from '../ingest/worker/ingest.testing.ts'
import { loadKnowledge } from '../ingest/worker/load.ts'
import { DEFAULT_TIME_LIMITS, readMessage } from '../ingest/worker/read-message.ts'
import { stage } from '../ingest/worker/stage.ts'
import { writeTables } from '../ingest/worker/write-tables.ts'
import { createLedger } from '../ingest/settle/ledger.ts'
import type { MetricName } from '#schemas/metrics.ts'
import { createBatchDecoder } from '#schemas/wire.ts'

const METRICS: readonly MetricName[] = [
  'busy_ratio',
  'gr_engine_active_ratio',
  'gpu_util_ratio',
  'sm_active_ratio',
  'sm_occupancy_ratio',
  'tensor_active_ratio',
  'fp16_active_ratio',
  'memory_bandwidth_active_ratio',
  'memory_controller_busy_ratio',
  'power_watts',
  'energy_joules_total',
  'temperature_celsius',
  'memory_temperature_celsius',
  'sm_clock_hertz',
  'memory_clock_hertz',
  'memory_used_bytes',
  'memory_free_bytes',
  'pcie_tx_bytes_per_second',
  'pcie_rx_bytes_per_second',
  'ecc_corrected_total',
]
const NODES = 2_500
const DEVICES = 8
const TICKS = 10
const STEP_MS = 10_000
const T0 = Date.UTC(2026, 4, 1)

/** A value that moves like a reading: not constant, not noise of the last bit. */
const value = (metric: MetricName, seed: number) => {
  const wave = Math.round(50 + 40 * Math.sin(seed / 7)) / 100
  if (metric.endsWith('_ratio')) return wave
  if (metric.endsWith('_total')) return 1e9 + seed * 700
  if (metric.endsWith('_bytes')) return Math.round(wave * 80) * 2 ** 30
  if (metric.endsWith('_hertz')) return 1.98e9
  return 30 + Math.round(wave * 60)
}

function messagesOf(window: number) {
  return Array.from({ length: NODES }, (_, node) => {
    const devices = DEVICE_LISTS[node] ?? []
    const cells: Cells = {}
    for (const metric of METRICS)
      cells[metric] = Array.from({ length: TICKS }, (_, tick) =>
        devices.map((_, device) => value(metric, node * 13 + device * 5 + window * TICKS + tick)),
      )
    const t0Ms = T0 + window * TICKS * STEP_MS
    const batch = testBatch({
      collector: `k${node}`,
      boot: BOOTS[node] ?? '',
      seq: window + 1,
      t0Ms,
      stepMs: STEP_MS,
      devices,
      cells,
    })
    return { ...asMessage(batch), position: window * NODES + node + 1 }
  })
}

const DEVICE_LISTS = Array.from({ length: NODES }, (_, node) =>
  Array.from({ length: DEVICES }, (_, device) =>
    testDevice(`n${node}-d${device}`, { node: `n${node}` }),
  ),
)
const BOOTS = Array.from({ length: NODES }, newBoot)

/** CPU seconds of the engine, the newest child process of this one (Linux; clock ticks of 10 ms). */
function engineCpu(): number {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  let ticks = 0
  for (const pid of children) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / 100
}

const windows = Number(process.argv[2] ?? 6)
const engine = await startTestEngine()
try {
  const store = await freshStore(engine)
  const { knowledge } = await loadKnowledge(store, T0)
  const decode = createBatchDecoder()
  let rows = 0
  let ownCpuUs = 0
  const spent = { read: 0, stage: 0, write: 0 }
  let engineS = 0
  for (let window = 0; window < windows; window += 1) {
    const messages = messagesOf(window)
    const engineBefore = engineCpu()
    const cpu = process.cpuUsage()
    const start = performance.now()
    const accepted = messages.flatMap((message) => {
      const read = readMessage(message, decode, DEFAULT_TIME_LIMITS)
      return read.ok ? [read.accepted] : []
    })
    const afterRead = performance.now()
    const staged = stage({ accepted, poison: [], nowMs: T0, missing: () => [] }, knowledge)
    const afterStage = performance.now()
    const range = { first: messages[0]?.position ?? 0, last: messages.at(-1)?.position ?? 0 }
    await writeTables(staged, {
      store,
      intent: { shard: 0, epoch: 'bench', ...range, leftOut: [] },
      persist: (insert) => insert(),
      clock: () => T0,
    })
    const used = process.cpuUsage(cpu)
    // The first window compiles, opens connections and writes all devices.
    if (window === 0) continue
    spent.read += afterRead - start
    spent.stage += afterStage - afterRead
    spent.write += performance.now() - afterStage
    rows += staged.samples.rows
    ownCpuUs += used.user + used.system
    engineS += engineCpu() - engineBefore
  }
  const perS = (seconds: number) => Math.round(rows / seconds).toLocaleString('en')
  const wallS = (spent.read + spent.stage + spent.write) / 1000
  console.log(`${rows} rows of ${METRICS.length} metrics in ${windows - 1} inserts`)
  console.log(
    `rows per CPU-second: ingest ${perS(ownCpuUs / 1e6)}, engine ${perS(engineS)}, both ${perS(ownCpuUs / 1e6 + engineS)}`,
  )
  console.log(
    `values per CPU-second, both: ${Math.round((rows * METRICS.length) / (ownCpuUs / 1e6 + engineS)).toLocaleString('en')}`,
  )
  console.log(
    `wall: ${perS(wallS)} rows/s; us per row: decode and check ${us(spent.read)}, stage and join ${us(spent.stage)}, insert ${us(spent.write)}`,
  )

  await store.command(
    `INSERT INTO intervals SELECT 'capacity', device_id, min(at), toDateTime64('2100-01-01', 3, 'UTC'), 'bench', '', 1 FROM devices GROUP BY device_id`,
  )
  const ledger = await createLedger(store, Date.now)
  const settleBefore = engineCpu()
  const settleStart = performance.now()
  const minutes = Math.floor((windows * TICKS * STEP_MS) / 60_000)
  await ledger.settle({ kind: 'minutes', fromMs: T0, toMs: T0 + minutes * 60_000, reason: null })
  const deviceMinutes = minutes * NODES * DEVICES
  const settleCpu = engineCpu() - settleBefore
  console.log(
    `settle: ${deviceMinutes} device minutes in ${Math.round(performance.now() - settleStart)} ms, ${Math.round(deviceMinutes / settleCpu).toLocaleString('en')} per CPU-second`,
  )
  await store.close()

  function us(ms: number) {
    return ((ms * 1000) / rows).toFixed(2)
  }
} finally {
  await engine.stop()
}
