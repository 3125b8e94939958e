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
if (process.env['SORTED']) ids.sort()
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


const engine = await startTestEngine()
const VARIANTS: Record<string, (store: Store) => Promise<void>> = {
  base: async () => {},
  null: async (store) => { await store.command('RENAME TABLE samples TO samples_x'); await store.command('CREATE TABLE samples AS samples_x ENGINE = Null') },
  none: async (store) => alter(store, () => 'CODEC(NONE)'),
  lz4: async (store) => alter(store, (c) => c.replace('ZSTD(1)', 'LZ4')),
  not64: async (store) => alter(store, () => 'CODEC(ZSTD(1))'),
  tuple: async (store) => { await store.command('CREATE TABLE s2 AS samples ENGINE = MergeTree ORDER BY tuple()'); await store.command('RENAME TABLE samples TO samples_x, s2 TO samples') },
  compact: async (store) => { await store.command('ALTER TABLE samples MODIFY SETTING min_bytes_for_wide_part=1000000000') },
  nofsync: async (store) => { await store.command('ALTER TABLE samples MODIFY SETTING fsync_after_insert=0, fsync_part_directory=0') },
  few: async (store) => {
    const rows = z.array(z.object({ name: z.string() })).parse(await store.query(`SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'samples' AND default_kind = '' AND is_in_sorting_key=0`))
    const have = new Set(block(0).map((c) => c.name))
    for (const { name } of await store.query(`SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'samples' AND default_kind = 'ALIAS'`) as {name: string}[]) await store.command(`ALTER TABLE samples DROP COLUMN ${name}`)
    const drop = rows.filter(({ name }) => !have.has(name)); console.log('dropping', drop.length)
    for (const { name } of drop) { try { await store.command(`ALTER TABLE samples DROP COLUMN ${name}`) } catch (e) { console.log(String(e).slice(0, 100)) } }
  },
}
async function alter(store: Store, to: (codec: string) => string) {
    const rows = await store.query(`SELECT name, compression_codec AS c FROM system.columns WHERE database = currentDatabase() AND table = 'samples' AND default_kind = ''`)
    const alters = z.array(z.object({ name: z.string(), c: z.string() })).parse(rows).filter(({ c }) => c !== '').map(({ name, c }) => `MODIFY COLUMN ${name} ${to(c)}`)
    await store.command(`ALTER TABLE samples ${alters.join(', ')}`)
}
const names = (process.env['VARIANTS'] ?? 'base,null').split(',')
const stores = new Map<string, Store>()
for (const name of names) { const store = await freshStore(engine); await VARIANTS[name]!(store); try { await store.command('SYSTEM STOP MERGES samples') } catch {} ; stores.set(name, store) }
const got = new Map<string, number[]>(names.map((n) => [n, []]))
for (let i = 0; i < INSERTS; i++) {
  const columns = block(i)
  for (const name of names) {
    await delay(100)
    const a = childCpuSeconds()
    await stores.get(name)!.insertNative('samples', columns, ROWS, `b-${i}`)
    await delay(60)
    got.get(name)!.push((childCpuSeconds() - a) * 1e6 / ROWS)
  }
}
for (const [name, list] of got) { list.sort((a, b) => a - b); console.log(name.padEnd(10), 'min', list[0]!.toFixed(2), 'median', list[list.length >> 1]!.toFixed(2)) }
await engine.stop()
