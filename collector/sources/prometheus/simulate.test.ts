import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlausible } from '#schemas/metrics.ts'
import { definitionOf } from './mapping.ts'
import {
  type SimulatedAccelerator,
  type SimulatedNode,
  writeHygon,
  writeMetax,
  writeNodeExporter,
} from './simulate.ts'
import source from './source.ts'

const read = (text: string) => source.interpret(new TextEncoder().encode(text))
const bytes = fc.nat(2 ** 30)
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0)

const node: fc.Arbitrary<Omit<SimulatedNode, 'instance'>> = fc.record({
  load1: fc.nat(500),
  cpus: fc.array(fc.record({ user: bytes, system: bytes, idle: bytes, iowait: bytes }), {
    minLength: 1,
    maxLength: 4,
  }),
  memoryTotalBytes: bytes,
  memoryAvailableBytes: bytes,
  processesBlocked: fc.nat(100),
  disks: fc.uniqueArray(
    fc.record({
      device: fc.constantFrom('sda', 'sdb', 'nvme0n1', 'nvme11n2', 'vda'),
      read: bytes,
      written: bytes,
    }),
    { selector: ({ device }) => device, minLength: 1, maxLength: 1 },
  ),
  filesystems: fc.uniqueArray(
    fc.record({
      mountpoint: fc.constantFrom('/', '/data', '/scratch', '/snap'),
      fstype: fc.constantFrom('ext4', 'xfs', 'nfs4', 'lustre', 'squashfs', 'tmpfs', 'overlay'),
      sizeBytes: fc.integer({ min: 1000, max: 2 ** 40 }),
      availableBytes: fc.nat(1000),
      isStale: fc.boolean(),
    }),
    { selector: ({ mountpoint }) => mountpoint, maxLength: 4 },
  ),
  interfaces: fc.uniqueArray(
    fc.record({
      device: fc.constantFrom('eth0', 'enp1s0', 'lo', 'docker0', 'bond0', 'veth1', 'ib0'),
      received: bytes,
      sent: bytes,
    }),
    { selector: ({ device }) => device, maxLength: 5 },
  ),
  clockOffsetSeconds: fc.integer({ min: -1000, max: 1000 }).map((ms) => ms / 1000),
  isClockSynchronised: fc.boolean(),
  bootTimeSeconds: fc.integer({ min: 1.6e9, max: 1.9e9 }),
  ports: fc.uniqueArray(
    fc.record({
      device: fc.constantFrom('mlx5_0', 'mlx5_1', 'irdma0'),
      port: fc.constant('1'),
      stateId: fc.integer({ min: 1, max: 4 }),
      rateBytesPerSecond: fc.constantFrom(1.25e10, 5e10),
      downs: fc.nat(100),
      symbolErrors: fc.nat(100),
      receivedBytes: bytes,
      sentBytes: bytes,
    }),
    { selector: ({ device }) => device, maxLength: 3 },
  ),
})

const nodes = fc
  .array(node, { minLength: 1, maxLength: 3 })
  .map((list): SimulatedNode[] =>
    list.map((each, at) => ({ ...each, instance: list.length === 1 ? null : `n${at}:9100` })),
  )

const REAL = ['ext4', 'xfs', 'nfs4', 'lustre']

describe('what the simulator writes is what the parser reads', () => {
  it('nodes, alone and federated, and each their own ports', () => {
    fc.assert(
      fc.property(nodes, (list) => {
        const result = read(writeNodeExporter(list))
        expect(result.toolLabels).toEqual({ mapping: 'node-exporter', exporter_version: '1.9.1' })
        expect(result.nodes?.map(({ node }) => node)).toEqual(
          list.map(({ instance }) => instance?.replace(':9100', '') ?? null),
        )
        list.forEach((each, at) => {
          const metrics = result.nodes?.[at]?.metrics ?? {}
          expect(metrics.cpu_count).toBe(each.cpus.length)
          expect(metrics.cpu_busy_seconds_total).toBe(
            sum(each.cpus.map(({ user, system }) => user + system)),
          )
          expect(metrics.disk_read_bytes_total).toBe(sum(each.disks.map(({ read }) => read)))
          const real = each.filesystems.filter(({ fstype }) => REAL.includes(fstype))
          const answering = real.filter(({ isStale }) => !isStale)
          expect(metrics.filesystem_used_ratio_max).toBe(
            answering.length === 0
              ? undefined
              : Math.max(...answering.map((fs) => 1 - fs.availableBytes / fs.sizeBytes)),
          )
          expect(metrics.mounts_stale ?? 0).toBe(real.length - answering.length)
          const physical = each.interfaces.filter(({ device }) =>
            ['eth0', 'enp1s0', 'ib0'].includes(device),
          )
          expect(metrics.network_sent_bytes_total ?? 0).toBe(sum(physical.map(({ sent }) => sent)))
          expect(metrics.clock_offset_seconds).toBe(
            each.isClockSynchronised ? each.clockOffsetSeconds : undefined,
          )
        })
        const ports = list.flatMap(({ instance, ports }) =>
          ports.map((port) => [
            instance?.replace(':9100', '') ?? null,
            `${port.device}/1`,
            port.stateId === 4 ? 1 : 0,
            port.downs,
            port.receivedBytes,
          ]),
        )
        expect(
          result.links?.map(({ node, link, metrics }) => [
            node,
            link,
            metrics.link_up,
            metrics.link_downs_total,
            metrics.link_rx_bytes_total,
          ]),
        ).toEqual(ports)
      }),
      { numRuns: 50 },
    )
  })

  const accelerators: fc.Arbitrary<SimulatedAccelerator[]> = fc
    .array(
      fc.record({
        busyPercent: fc.nat(100),
        memoryUsedBytes: fc.nat(2 ** 20).map((kib) => kib * 1024),
        memoryTotalBytes: fc.constantFrom(2 ** 35, 2 ** 36),
        temperatureCelsius: fc.integer({ min: 1, max: 110 }),
        powerWatts: fc.integer({ min: 1, max: 900 }),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((list) =>
      list.map((each, index) => ({
        ...each,
        index,
        uuid: `GPU-${1000 + index}-abcd`,
        model: 'X1',
        node: 'n1',
      })),
    )

  it.each([
    ['hygon-dcu', writeHygon],
    ['metax', writeMetax],
  ] as const)("%s: the vendor's units become ours", (mapping, write) => {
    fc.assert(
      fc.property(accelerators, (list) => {
        const result = read(write(list))
        expect(result.toolLabels['mapping']).toBe(mapping)
        expect(result.rejectedByReason).toEqual({})
        expect(
          result.devices.map(({ keys, node, index, metrics }) => [keys, node, index, metrics]),
        ).toEqual(
          list.map((each) => [
            [`uuid:${each.uuid}`],
            'n1',
            each.index,
            {
              busy_ratio: each.busyPercent / 100,
              memory_used_bytes: each.memoryUsedBytes,
              memory_total_bytes: each.memoryTotalBytes,
              temperature_celsius: each.temperatureCelsius,
              power_watts: each.powerWatts,
            },
          ]),
        )
      }),
      { numRuns: 50 },
    )
  })
})

describe('damage', () => {
  it('rows with any values and labels give nothing outside the range of its metric', () => {
    const names = fc.constantFrom(
      'node_load1',
      'node_cpu_seconds_total',
      'node_filesystem_avail_bytes',
      'dcu_temp',
      'node_filesystem_size_bytes',
      'node_infiniband_state_id',
      'mx_gpu_usage',
      'node_infiniband_rate_bytes_per_second',
      'mx_board_power',
      'node_boot_time_seconds',
    )
    const label = fc.constantFrom('device', 'port', 'mode', 'fstype', 'uuid', 'device_id', 'node')
    const value = fc.oneof(fc.double().map(String), fc.constantFrom('NaN', '+Inf', '1e999', '-0'))
    const row = fc
      .tuple(
        names,
        fc.dictionary(label, fc.constantFrom('0', 'idle', 'xfs', 'mlx5_0', 'sda', '')),
        value,
      )
      .map(
        ([name, labels, text]) =>
          `${name}{${Object.entries(labels)
            .map(([key, said]) => `${key}="${said}"`)
            .join(',')}} ${text}`,
      )
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const result = read(rows.join('\n'))
        const all = [...result.devices, ...(result.nodes ?? []), ...(result.links ?? [])]
        for (const { metrics } of all)
          for (const [name, given] of Object.entries(metrics)) {
            const definition = definitionOf(name)
            expect(definition && isPlausible(definition, given ?? NaN), `${name} ${given}`).toBe(
              true,
            )
          }
      }),
      { numRuns: 200 },
    )
  })
})
