import { afterEach, describe, expect, it } from 'vitest'
import { createNode, FIELDS, fieldsOf } from './node.testing.ts'
import {
  type SimulatedInstance,
  simulatedValues,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
  writeHierarchy,
} from './simulate.ts'

let node = createNode()
afterEach(() => {
  expect(node.state.most, 'streams at once').toBeLessThanOrEqual(1)
  node = createNode()
})

describe('a stream that prints', () => {
  it('gives values at its first read, under the names that discovery gives', async () => {
    const read = await node.read()
    expect([read.outcome, read.devices.length]).toEqual(['ok', 2])
    const [first] = read.devices
    expect(first?.keys).toEqual([
      'uuid:GPU-5ac1e000-0000-4000-8000-100000000000',
      'slot:0000:1b:00.0/0',
    ])
    expect(first).toMatchObject({ model: 'NVIDIA H100 80GB HBM3', bus: '0000:1b:00.0', index: 0 })
    expect(first?.metrics).toMatchObject({ gr_engine_active_ratio: 0.5, power_watts: 375 })
    expect(read.toolLabels).toEqual({ dcgm_version: '4.4.1' })
    expect(node.last().args.slice(0, 2)).toEqual(['dmon', '-e'])
    expect(node.last().args.slice(3)).toEqual(['-d', '1000'])
  })

  it('takes the newest of several passes, and goes on with one child', async () => {
    await node.read()
    const read = await node.read(node.pass(1) + node.pass(2))
    expect(read.devices[0]?.metrics.energy_joules_total).toBe(987_654_321 + 375 * 2)
    for (let tick = 3; tick < 200; tick += 1)
      expect((await node.read(node.pass(tick))).outcome).toBe('ok')
    expect(node.streams).toHaveLength(1)
    expect(node.state.discoveries).toBe(1)
  })

  it('a tick that looks just before the next pass repeats the last one once', async () => {
    await node.read()
    expect((await node.read()).outcome).toBe('ok')
    expect(await node.read()).toMatchObject({ outcome: 'failed', reason: 'silent', devices: [] })
    expect((await node.read(node.pass(3))).outcome).toBe('ok')
    expect(node.streams).toHaveLength(1)
  })

  it('a GPU without rows any more is left out, not repeated, and discovery is asked once', async () => {
    await node.read()
    node.gpus.pop()
    await node.read(node.pass(1))
    for (let tick = 2; tick < 30; tick += 1) {
      const read = await node.read(node.pass(tick))
      expect(read.devices.map((device) => device.index)).toEqual([0])
    }
    expect(node.state.discoveries).toBe(2)
  })

  it('asks which GPU is which every ten minutes', async () => {
    await node.read()
    for (let tick = 1; tick <= 1250; tick += 1) await node.read(node.pass(tick))
    expect(node.state.discoveries).toBe(3)
  })

  it('a first pass of N/A is a device without values, not an idle one', async () => {
    const values = new Map(FIELDS.map((id) => [id, null]))
    node.state.onStart = (stream) => {
      stream.print(writeDmonHeader('4.4', FIELDS))
      stream.print(writeDmonRow('4.4', FIELDS, { entity: 'GPU 0', values }))
    }
    const read = await node.read()
    expect(read.outcome).toBe('ok')
    expect(Object.values(read.devices[0]?.metrics ?? {}).every((value) => value === null)).toBe(
      true,
    )
  })
})

describe('which GPU is which', () => {
  it('a row whose GPU discovery does not name is held back and counted, never a phantom', async () => {
    node.state.list = writeDiscoveryList(node.gpus.slice(0, 1))
    const read = await node.read()
    expect(read.devices.map((device) => device.index)).toEqual([0])
    expect(read.rejectedByReason).toEqual({ gpu_not_discovered: 1 })
    node.state.list = writeDiscoveryList(node.gpus)
    for (let tick = 1; tick < 12; tick += 1) await node.read(node.pass(tick))
    const later = await node.read(node.pass(12))
    expect(later.devices.map((device) => device.index)).toEqual([0, 1])
    expect(later.rejectedByReason).toEqual({})
  })

  it('a masked UUID leaves the place as the name', async () => {
    const masked = node.gpus.map((gpu) => ({
      ...gpu,
      uuid: 'GPU-00000000-0000-0000-0000-000000000000',
      name: null,
    }))
    node.state.list = writeDiscoveryList(masked)
    const read = await node.read()
    expect(read.devices.map((device) => device.keys)).toEqual([
      ['slot:0000:1b:00.0/0'],
      ['slot:0000:2c:00.0/1'],
    ])
    expect(read.devices[0]?.model).toBe('unknown')
  })

  it('MIG instances are asked for by name and are devices of their own', async () => {
    const [board] = node.gpus
    if (board === undefined) throw new Error('a node without GPUs')
    const instances: SimulatedInstance[] = [{ gpu: board, gpuInstance: 3, entityId: 21 }]
    node.state.hierarchy = writeHierarchy(instances)
    await node.read()
    expect(node.last().args.slice(-2)).toEqual(['-i', '0,1,i:21'])
    const values = simulatedValues(FIELDS, 0.25, 1)
    const row = writeDmonRow('4.4', FIELDS, { entity: 'GPU-I 21', values })
    const read = await node.read(node.pass(1) + row)
    const slice = read.devices.find((device) => device.partition !== null)
    expect(slice).toMatchObject({
      keys: [`uuid:${board.uuid}/gi3`],
      parent: `uuid:${board.uuid}`,
      partition: { id: '3' },
      index: null,
      bus: null,
    })
    expect(slice?.metrics).toMatchObject({ gr_engine_active_ratio: 0.25 })
    expect(slice?.metrics.power_watts).toBeUndefined()
    // The board is cut up: its utilization of the old kind is not a measurement.
    expect(read.devices[0]?.metrics.gpu_util_ratio).toBeNull()
    expect(read.rejectedByReason).toEqual({ util_on_mig: 1 })
  })

  it('MIG instances stay where the question for them hangs, and it is asked again soon', async () => {
    const [board] = node.gpus
    if (board === undefined) throw new Error('a node without GPUs')
    node.state.hierarchy = writeHierarchy([{ gpu: board, gpuInstance: 3, entityId: 21 }])
    await node.read()
    node.state.hierarchyFailure = 'timeout'
    node.state.hierarchy = ''
    node.state.tick = 600
    node.state.onStart = () => undefined
    await node.read(node.pass(600))
    await node.read(node.pass(601))
    expect(node.streams).toHaveLength(1)
    expect(node.last().args.slice(-2)).toEqual(['-i', '0,1,i:21'])
    expect(node.state.discoveries).toBe(2)
    node.state.tick = 615
    await node.read(node.pass(615))
    expect(node.state.discoveries).toBe(3)
  })

  it('a board without NVLink has no rate of 0, which is what DCGM prints for it', async () => {
    node.state.list = writeDiscoveryList(node.gpus.map((gpu) => ({ ...gpu, name: 'NVIDIA L40S' })))
    node.state.onStart = (stream) => {
      const fields = fieldsOf(stream)
      const values = new Map(simulatedValues(fields, 0.5, 1)).set(1011, 0).set(1012, 0)
      stream.print(
        writeDmonHeader('4.4', fields) + writeDmonRow('4.4', fields, { entity: 'GPU 0', values }),
      )
    }
    const read = await node.read()
    expect(read.devices[0]?.metrics).toMatchObject({
      scaleup_tx_bytes_per_second: null,
      scaleup_rx_bytes_per_second: null,
      power_watts: 375,
    })
    expect(read.rejectedByReason).toEqual({})
  })
})

describe('cells of captured text', () => {
  const read = (ids: readonly number[], values: readonly (number | string)[]) => {
    const map = new Map(ids.map((id, at) => [id, values[at] ?? 0]))
    const text =
      writeDmonHeader('4.5', ids) + writeDmonRow('4.5', ids, { entity: 'GPU 0', values: map })
    return node.source.interpret(new TextEncoder().encode(text))
  }

  it('pages that wait for a reset are a flag, however many there are', () => {
    const flags = [0, 1, 3].map((pages) => read([392], [pages]).devices[0]?.metrics)
    expect(flags.map((metrics) => metrics?.retired_pages_pending)).toEqual([0, 1, 1])
    const absurd = read([392], [1_000_000])
    expect(absurd.devices[0]?.metrics.retired_pages_pending).toBeNull()
    expect(absurd.rejectedByReason).toEqual({ out_of_range: 1 })
  })

  it('a PCIe generation or width of 0 is a link that is not there, and no refusal', () => {
    const zero = read([237, 238], [0, 0])
    expect(zero.devices[0]?.metrics).toEqual({ pcie_link_generation: null, pcie_link_width: null })
    expect(zero.rejectedByReason).toEqual({})
    expect(read([237, 238], [5, 16]).devices[0]?.metrics.pcie_link_width).toBe(16)
  })

  it('a UUID in capitals is the same GPU', () => {
    const uuid = 'GPU-0a0b0c0d-1111-4222-8333-444455556667'
    expect(read([54, 230], [uuid.toUpperCase(), 0]).devices[0]?.keys).toEqual([`uuid:${uuid}`])
  })
})

describe('a stream that does not print', () => {
  it('is stopped and started again when it is silent for three intervals', async () => {
    await node.read()
    await node.read()
    await node.read()
    const hung = await node.read()
    expect(hung).toMatchObject({ outcome: 'failed', reason: 'hung', devices: [] })
    expect(node.streams[0]?.stops).toBe(1)
    expect((await node.read()).outcome).toBe('ok')
    expect(node.streams).toHaveLength(2)
  })

  it('that ends is started again after 1, 2, 4 … at most 60 s, and says why meanwhile', async () => {
    const started: number[] = []
    node.state.onStart = (stream) => {
      started.push(node.state.tick)
      stream.exit(255)
    }
    for (let second = 0; second < 400; second += 1)
      expect(await node.read()).toMatchObject({ outcome: 'failed', reason: 'ended', devices: [] })
    const gaps = started.slice(1).map((tick, at) => tick - (started[at] ?? 0))
    expect(gaps.slice(0, 6)).toEqual([1, 2, 4, 8, 16, 32])
    expect(Math.max(...gaps)).toBe(60)
  })

  it('and cannot be killed is never joined by a second one', async () => {
    node.state.isStuck = true
    for (let tick = 0; tick < 4; tick += 1) await node.read()
    for (let tick = 0; tick < 300; tick += 1)
      expect(await node.read()).toMatchObject({ outcome: 'failed', devices: [] })
    expect((await node.read()).reason).toBe('still_running')
    expect(node.streams).toHaveLength(1)
    // The driver call returned at last.
    node.state.isStuck = false
    node.streams[0]?.leave()
    for (let tick = 0; tick < 61; tick += 1) await node.read()
    expect(node.streams.length).toBe(2)
  })

  it('at the start is waited for, and is no failure of the tool for five seconds', async () => {
    node.state.onStart = () => undefined
    expect((await node.read()).reason).toBe('starting')
    for (let tick = 0; tick < 4; tick += 1) expect((await node.read()).reason).toBe('starting')
    expect((await node.read()).reason).toBe('hung')
  })

  it('ends when the target goes, and is not started again', async () => {
    await node.read()
    node.source.close?.(node.memory)
    expect(node.last().stops).toBe(1)
    expect(await node.read()).toMatchObject({ outcome: 'failed', reason: 'stopped' })
    expect(node.streams).toHaveLength(1)
  })
})

const PROFILING =
  'Error setting watches. Result: The third-party Profiling module returned an unrecoverable error'

describe('fields that cannot be had', () => {
  it('profiling fields are left out after an error that names them, said so, and asked for again later', async () => {
    await node.read()
    const refused = await node.read(PROFILING)
    expect(refused).toMatchObject({ outcome: 'failed', reason: 'profiling_refused' })
    expect(refused.rejectedByReason).toMatchObject({ profiling_refused: 1, error_line: 1 })
    const read = await node.read()
    expect(read.outcome).toBe('ok')
    expect(fieldsOf(node.last()).every((id) => id < 1000)).toBe(true)
    expect(read.toolLabels['profiling']).toBe('off: profiling_refused')
    expect(read.devices[0]?.metrics.gr_engine_active_ratio).toBeUndefined()
    expect(read.devices[0]?.metrics.gpu_util_ratio).toBe(0.5)
    node.state.tick += 3600
    node.state.nowMs += 3_600_000
    await node.read()
    expect(fieldsOf(node.last())).toContain(1001)
  })

  it('a field that this DCGM does not know is left out at once', async () => {
    await node.read()
    const error =
      "Error: Got invalid field ID. '153'. See dcgm_fields.h for a list of valid field IDs."
    expect(await node.read(error)).toMatchObject({ reason: 'field_unknown' })
    expect((await node.read()).outcome).toBe('ok')
    expect(fieldsOf(node.last())).toEqual(FIELDS.filter((id) => id !== 153))
  })

  it('a host engine that went away is a failure with its fix, and no idle GPU', async () => {
    await node.read()
    const read = await node.read(
      'Error: Unable to connect to host engine. Host engine connection invalid/disconnected.',
    )
    expect(read).toMatchObject({ outcome: 'failed', reason: 'no_host_engine', devices: [] })
    expect(read.detail).toContain('systemctl start nvidia-dcgm')
  })

  it('only known numeric fields can be configured', () => {
    const { config } = node.source
    expect(config.safeParse({ fields: [203, 155] }).success).toBe(true)
    // A text (the driver version), and nothing at all.
    expect(config.safeParse({ fields: [1] }).success).toBe(false)
    expect(config.safeParse({ fields: [] }).success).toBe(false)
  })
})

describe('looking for the tool', () => {
  const detect = () => node.source.detect(node.io, node.source.config.parse({}), 'n1')

  it('is present where dcgmi and a host engine are', async () => {
    expect(await detect()).toMatchObject({ state: 'present', target: { address: 'dcgmi' } })
  })

  it('is absent without dcgmi, and broken with a fix without a host engine or GPU', async () => {
    node.state.hasCommand = false
    expect(await detect()).toMatchObject({ state: 'absent' })
    node.state.hasCommand = true
    node.state.list = 'Error: unable to establish a connection to the specified host: localhost\n'
    expect(await detect()).toMatchObject({ state: 'broken', reason: 'no_host_engine' })
    node.state.list = '0 GPUs found.\n'
    expect(await detect()).toMatchObject({ state: 'broken', reason: 'no_gpus' })
    node.state.discoveryFailure = 'timeout'
    expect(await detect()).toMatchObject({ state: 'broken', reason: 'timeout' })
  })

  it('asks no longer than looking may take, so that its own sentence is the one that is read', async () => {
    await detect()
    expect(node.state.callMs).toHaveLength(2)
    expect(node.state.callMs.reduce((sum, ms) => sum + ms)).toBeLessThan(10_000)
  })

  it('a host engine that does not answer at the first read is a failure', async () => {
    node.state.list = 'Error: unable to establish a connection to the specified host: localhost\n'
    expect(await node.read()).toMatchObject({ outcome: 'failed', reason: 'no_host_engine' })
    expect(node.streams).toHaveLength(0)
  })
})

it('XIDs carry class, severity and advice', () => {
  expect(node.source.describeFault?.('xid', '79')).toMatchObject({
    class: 'bus',
    severity: 'fatal',
  })
  expect(node.source.describeFault?.('xid', '0')).toBeNull()
  expect(node.source.describeFault?.('health', '3')).toBeNull()
})
