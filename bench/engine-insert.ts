/**
 * What the store costs: CPU of the embedded engine per row of 40 metrics, for inserts alone (merges stopped) and with
 * the merges that follow until the table rests; its memory; and with --idle what it takes when nothing happens.
 * `npm run bench -- engine-insert [--devices 50000] [--rows 5000] [--inserts 120] [--idle 60] [--set "a=1,b=2"]...`
 * Each --set measures the table `samples` once more with those settings.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { freshStore } from '../ingest/pipeline.testing.ts'
import type { NativeColumn } from '../ingest/store/native-block.ts'
import type { Store } from '../ingest/store/store.ts'
import {
  FLAG_BUSY_IS_COUNTER,
  NEW_ARRAYS,
  WHOLE_NUMBERS,
  wholeColumns,
} from '../ingest/store/whole-numbers.ts'
import { DEVICE_METRICS, type MetricName } from '#schemas/metrics.ts'
import { DAY_METRICS, dayOfDevice } from './disk/day.ts'
import { madeUpShapes } from './disk/shapes.ts'
import { traceShapes } from './disk/traces.ts'
import { childCpuSeconds } from './store/engine-cpu.ts'

const { values: given } = parseArgs({
  options: {
    devices: { type: 'string', default: '50000' },
    rows: { type: 'string', default: '5000' },
    inserts: { type: 'string', default: '120' },
    'step-ms': { type: 'string', default: '10000' },
    /** Pause between inserts, ms: time for merges to run beside them. */
    pause: { type: 'string', default: '50' },
    idle: { type: 'string', default: '0' },
    set: { type: 'string', multiple: true, default: [] },
  },
})
const DEVICES = Number(given.devices)
const ROWS = Number(given.rows)
const INSERTS = Number(given.inserts)
const STEP_MS = Number(given['step-ms'])
const METRICS = 40
const SEED = 20
const FROM_MS = Date.UTC(2026, 4, 20)
/** Devices and ticks of the readings that rows take their values from, each device from its own tick on. */
const POOL = { devices: 400, ticks: 600 }
const COLLECTORS = Math.ceil(DEVICES / 8)

const shapes = traceShapes(POOL.devices) ?? madeUpShapes(SEED)
const pool = Array.from({ length: POOL.devices }, (_, device) =>
  dayOfDevice(shapes, SEED, device, POOL.ticks),
)
const ids = BigUint64Array.from(
  { length: DEVICES },
  (_, device) => (BigInt(device + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn,
)
const isLarge = (name: MetricName) => name.endsWith('_total') || name.endsWith('_bytes')
/** busy_ratio is a copy of a counter and not stored. */
const chosen = DEVICE_METRICS.filter(({ name }) => name !== 'busy_ratio')
  .filter(({ wire }) => wire === 'f32' || wire === 'f64')
  .slice(0, METRICS)

/** Rows in the order of the log: tick by tick, device by device. */
function block(insert: number): NativeColumn[] {
  const shape = { length: ROWS }
  const row = (index: number) => insert * ROWS + index
  const device = (index: number) => row(index) % DEVICES
  const tick = (index: number) => Math.floor(row(index) / DEVICES)
  const columns: NativeColumn[] = [
    {
      name: 'ts',
      type: "DateTime64(3, 'UTC')",
      values: Float64Array.from(shape, (_, index) => FROM_MS + tick(index) * STEP_MS),
    },
    {
      name: 'device_id',
      type: 'UInt64',
      values: BigUint64Array.from(shape, (_, index) => ids[device(index)] ?? 0n),
    },
    { name: 'step_ms', type: 'UInt32', values: new Uint32Array(ROWS).fill(STEP_MS) },
    {
      name: 'log_position',
      type: 'UInt64',
      // A collector's place among the others differs from tick to tick.
      values: BigUint64Array.from(shape, (_, index) =>
        BigInt(
          tick(index) * COLLECTORS +
            (((device(index) >> 3) * 4801 + tick(index) * 977) % COLLECTORS),
        ),
      ),
    },
    { name: 'busy_source', type: 'UInt8', values: new Uint8Array(ROWS).fill(1) },
    { name: 'flags', type: 'UInt8', values: new Uint8Array(ROWS).fill(FLAG_BUSY_IS_COUNTER) },
  ]
  for (const [place, { name, wire }] of chosen.entries()) {
    const alike = DAY_METRICS.filter((other) => isLarge(other) === isLarge(name))
    const whole = WHOLE_NUMBERS.get(name)
    const source = DAY_METRICS.indexOf(alike[place % alike.length] ?? 'power_watts')
    const read = (_: unknown, index: number) => {
      const at = (tick(index) + device(index) * 7) % POOL.ticks
      return pool[device(index) % POOL.devices]?.[at * DAY_METRICS.length + source] ?? 0
    }
    const values = wire === 'f64' ? Float64Array.from(shape, read) : Float32Array.from(shape, read)
    if (whole !== undefined)
      columns.push(...wholeColumns({ values, nulls: null }, whole, NEW_ARRAYS))
    else if (values instanceof Float64Array)
      columns.push({ name, type: 'Nullable(Float64)', values })
    else columns.push({ name, type: 'Nullable(Float32)', values })
  }
  return columns
}

/** Resident bytes of this process's only child (Linux). */
function engineBytes(): number {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  const pages = readFileSync(`/proc/${children[0]}/statm`, 'utf8').split(' ')[1]
  return Number(pages) * 4096
}

const PartsRow = z.object({
  parts: z.coerce.number(),
  level: z.coerce.number(),
  bytes: z.coerce.number(),
})

/** Waits until no merge has begun for a while, and returns what is there. */
async function rest(store: Store): Promise<z.infer<typeof PartsRow>> {
  for (let quiet = 0, before = -1; quiet < 3;) {
    await delay(1_000)
    const now = childCpuSeconds()
    quiet = now - before < 0.02 ? quiet + 1 : 0
    before = now
  }
  const [row] = await store.query(
    `SELECT count() AS parts, max(level) AS level, sum(bytes_on_disk) AS bytes FROM system.parts
     WHERE active AND database = currentDatabase() AND table = 'samples'`,
  )
  return PartsRow.parse(row)
}

async function measure(store: Store, settings: string, merges: boolean) {
  if (settings !== '') await store.command(`ALTER TABLE samples MODIFY SETTING ${settings}`)
  await store.command(`SYSTEM ${merges ? 'START' : 'STOP'} MERGES samples`)
  let peakBytes = 0
  const before = childCpuSeconds()
  for (let insert = 0; insert < INSERTS; insert += 1) {
    await store.insertNative('samples', block(insert), ROWS, `bench-${insert}`)
    peakBytes = Math.max(peakBytes, engineBytes())
    await delay(Number(given.pause))
  }
  const rested = await rest(store)
  const us = ((childCpuSeconds() - before) * 1e6) / (ROWS * INSERTS)
  await store.command('DROP TABLE samples SYNC')
  return { ...rested, us, peakBytes }
}

const engine = await startTestEngine()
const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits
try {
  const idleS = Number(given.idle)
  if (idleS > 0) {
    const store = await freshStore(engine)
    // Tasks that found nothing to do pause longer and longer; ten seconds pass before the look.
    await delay(10_000)
    const before = childCpuSeconds()
    await delay(idleS * 1_000)
    const share = (100 * (childCpuSeconds() - before)) / idleS
    console.log(
      `idle for ${idleS} s: ${round(share)} % of a core, ${Math.round(engineBytes() / 2 ** 20)} MiB`,
    )
    await store.close()
  }
  const rows: Record<string, Record<string, number>> = {}
  for (const settings of ['', ...given.set]) {
    const stopped = await freshStore(engine)
    const inserts = await measure(stopped, settings, false)
    await stopped.close()
    const going = await freshStore(engine)
    const all = await measure(going, settings, true)
    await going.close()
    console.error(`measured: ${settings === '' ? 'as migrated' : settings}`)
    rows[settings === '' ? 'as migrated' : settings] = {
      'insert, CPU us a row': round(inserts.us),
      'merges, CPU us a row': round(all.us - inserts.us),
      parts: all.parts,
      'merged times, most': all.level,
      'bytes a row': round(all.bytes / (ROWS * INSERTS), 1),
      'memory, MiB': Math.round(all.peakBytes / 2 ** 20),
    }
  }
  console.log(`${INSERTS} inserts of ${ROWS} rows of ${METRICS} metrics, ${DEVICES} devices`)
  console.table(rows)
} finally {
  await engine.stop()
}
