/**
 * What ingest itself costs per row, by step: decode and check, stage and join, and the insert's bytes. Blocks
 * of 200,000 rows (or --rows) of 40 metrics of 50,000 devices (or --devices), for each shape of message.
 *
 *     npm run bench -- hot-path [--devices N] [--rows N] [--blocks N] [--engine] [--shape TEXT]
 *
 * Without --engine nothing is inserted: the block's bytes are made and dropped. With it, an embedded engine
 * takes them, and its CPU is printed too. CPU time of this process, all threads; wall time is not looked at.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { childrenOf } from '../cli/process.testing.ts'
import { startTestEngine } from '../ingest/engine/engine.testing.ts'
import { freshStore } from '../ingest/pipeline.testing.ts'
import { createBatchIdentifier } from '../ingest/identity/batch-devices.ts'
import { createDeviceHistory } from '../ingest/identity/history.ts'
import { createIdentityRegistry } from '../ingest/identity/registry.ts'
import { createCapacity, OPEN_MS } from '../ingest/settle/capacity.ts'
import { nativeBlock } from '../ingest/store/native-block.ts'
import type { Store } from '../ingest/store/store.ts'
import { DEFAULT_TIME_LIMITS, readMessage } from '../ingest/worker/read-message.ts'
import { type DeviceKnowledge, stage } from '../ingest/worker/stage.ts'
import { writeTables } from '../ingest/worker/write-tables.ts'
import type { LogMessage } from '../ingest/bus/log.ts'
import { messageId, telemetrySubject } from '#schemas/subjects.ts'
import { createBatchDecoder, createBlockMemory, encodeBatch } from '#schemas/wire.ts'
import { type Shape, SHAPES, shapeBatch, shapeDevices } from './wire-shapes/shapes.ts'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '200000' },
    devices: { type: 'string', default: '50000' },
    blocks: { type: 'string', default: '6' },
    shape: { type: 'string', default: '' },
    engine: { type: 'boolean', default: false },
  },
})
const T0 = Date.UTC(2026, 4, 1)

/** One message of each collector. */
function messagesOf(shape: Shape, seq: number, lists: readonly DeviceList[]): LogMessage[] {
  const t0Ms = T0 + seq * shape.ticks * shape.stepMs
  return lists.map(({ collector, boot, devices }, index) => ({
    position: (seq - 1) * lists.length + index + 1,
    subject: telemetrySubject('east', collector),
    id: messageId(collector, boot, seq),
    sentAtMs: t0Ms,
    receivedAtMs: t0Ms + 10_000,
    payload: encodeBatch(shapeBatch(shape, { collector, boot, seq }, devices, t0Ms)),
  }))
}

interface DeviceList {
  readonly collector: string
  readonly boot: string
  readonly devices: ReturnType<typeof shapeDevices>
}

function newKnowledge(): DeviceKnowledge {
  const registry = createIdentityRegistry([])
  return {
    registry,
    identify: createBatchIdentifier(registry),
    history: createDeviceHistory([]),
    capacity: createCapacity({ intervals: [], nodes: new Map(), pending: [] }),
  }
}

/** Accepts every device that was seen, as discovery does after ten minutes. */
function acceptAll({ capacity }: DeviceKnowledge, ids: Iterable<bigint>): void {
  const span = { fromMs: T0, toMs: OPEN_MS, reason: 'bench', detail: '', version: 1 }
  capacity.adopt(Array.from(ids, (deviceId) => ({ deviceId, ...span })))
}

/** A store that makes the bytes of a block and drops them. */
const dropped: Pick<Store, 'insertJson' | 'insertNative'> = {
  async insertNative(_, columns, rows) {
    nativeBlock(columns, rows)
  },
  insertJson: () => Promise.resolve(),
}

/** CPU seconds of the engine's process (clock ticks of 10 ms). */
function engineCpu(pid: number | undefined): number {
  if (pid === undefined) return 0
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

const ownCpuUs = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function measure(
  shape: Shape,
  store: Pick<Store, 'insertJson' | 'insertNative'>,
  pid: number | undefined,
): Promise<string> {
  const collectors = Math.ceil(Number(options.devices) / shape.devices)
  const rounds = Math.ceil(Number(options.rows) / (collectors * shape.devices * shape.ticks))
  const lists = Array.from({ length: collectors }, (_, index) => ({
    collector: `c${index}`,
    boot: index.toString(16).padStart(32, '0'),
    devices: shapeDevices(shape, index),
  }))
  const knowledge = newKnowledge()
  const memory = createBlockMemory()
  const decode = createBatchDecoder({ memory })
  const spent = { read: 0, stage: 0, write: 0, engine: 0 }
  let rows = 0
  let bytes = 0
  const blocks = Number(options.blocks)
  for (let block = 0; block < blocks; block += 1) {
    const messages = Array.from({ length: rounds }, (_, round) =>
      messagesOf(shape, block * rounds + round + 1, lists),
    ).flat()
    const engineBefore = engineCpu(pid)
    const start = ownCpuUs()
    memory.recycle()
    const accepted = messages.flatMap((message) => {
      const read = readMessage(message, decode, DEFAULT_TIME_LIMITS)
      return read.ok ? [read.accepted] : []
    })
    const afterRead = ownCpuUs()
    const staged = stage({ accepted, poison: [], nowMs: T0, missing: () => [] }, knowledge)
    const afterStage = ownCpuUs()
    const [first, last] = [messages[0]?.position ?? 0, messages.at(-1)?.position ?? 0]
    await writeTables(staged, {
      store,
      intent: { shard: 0, epoch: shape.name, first, last, leftOut: [] },
      persist: (insert) => insert(),
      clock: () => T0,
    })
    const afterWrite = ownCpuUs()
    if (block === 0)
      acceptAll(
        knowledge,
        staged.sightings.map(({ deviceId }) => deviceId),
      )
    // The first blocks compile, open connections and write all devices.
    if (block < 2) continue
    spent.read += afterRead - start
    spent.stage += afterStage - afterRead
    spent.write += afterWrite - afterStage
    spent.engine += (engineCpu(pid) - engineBefore) * 1e6
    rows += staged.samples.rows
    for (const { payload } of messages) bytes += payload.length
  }
  const us = (cpuUs: number) => (cpuUs / rows).toFixed(3)
  const cells = [shape.name, (bytes / rows).toFixed(1), us(spent.read), us(spent.stage)]
  const own = spent.read + spent.stage + spent.write
  cells.push(us(spent.write), us(own), pid === undefined ? '-' : us(spent.engine))
  return `| ${cells.join(' | ')} |`
}

const engine = options.engine ? await startTestEngine() : null
try {
  const store = engine === null ? null : await freshStore(engine)
  const pid = engine === null ? undefined : childrenOf(process.pid)[0]
  console.log(
    `${options.devices} devices, ${options.blocks} blocks of ${options.rows} rows of 40 metrics; CPU us per row`,
  )
  console.log('| shape | bytes a row | decode, check | stage, join | insert | ingest | engine |')
  console.log('|---|---|---|---|---|---|---|')
  for (const shape of SHAPES)
    if (shape.name.includes(options.shape)) console.log(await measure(shape, store ?? dropped, pid))
  await store?.close()
} finally {
  await engine?.stop()
}
