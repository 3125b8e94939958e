import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import source from './source.ts'

const uuid = 'GPU-0a0b0c0d-1111-4222-8333-444455556667'
const interpret = (text: string) => source.interpret(new TextEncoder().encode(text))
const gpu = `DCGM_FI_DEV_POWER_USAGE{gpu="0",UUID="${uuid}",pci_bus_id="00000000:1A:00.0",Hostname="n1"} 300\n`
const row = (name: string, labels: string, value: number | string) =>
  `DCGM_FI_DEV_${name}{${labels}} ${value}\n`

describe('links of a GPU', () => {
  it('belong to the device that their row names by UUID', () => {
    const text = gpu + row('NVLINK_COUNT_TX_BYTES', `nvlink="5",gpu="0",gpu_uuid="${uuid}"`, 7)
    expect(interpret(text).links).toEqual([
      {
        node: 'n1',
        deviceKey: `uuid:${uuid}`,
        link: 'nvlink/5',
        metrics: { link_tx_bytes_total: 7 },
      },
    ])
  })

  it('make no device of their own, and do not change the values of theirs', () => {
    const labels = `nvlink="0",gpu="0",gpu_uuid="${uuid}",hostname="n1"`
    const read = interpret(
      gpu + row('NVLINK_BANDWIDTH_TOTAL', labels, 700) + row('NVLINK_COUNT_RX_ERRORS', labels, 2),
    )
    expect(read.devices).toHaveLength(1)
    expect(read.devices[0]?.metrics).toEqual({ power_watts: 300 })
    expect(read.links?.[0]?.metrics).toEqual({ link_errors_total: 2 })
    expect(read.ignored).toEqual(['DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL'])
  })

  it('with a masked UUID are found by place, and refused where that leaves several', () => {
    const masked = (index: number, host: string) =>
      `DCGM_FI_DEV_POWER_USAGE{gpu="${index}",UUID="snip",Hostname="${host}"} 300\n`
    const link = row('NVLINK_COUNT_TX_BYTES', 'nvlink="1",gpu="1",gpu_uuid="snip"', 7)
    const found = interpret(masked(0, 'n1') + masked(1, 'n1') + link)
    expect(found.links?.map(({ deviceKey }) => deviceKey)).toEqual(['slot:-/1'])
    const unclear = interpret(masked(1, 'n1') + masked(1, 'n2') + link)
    expect(unclear.links).toBeUndefined()
    expect(unclear.rejectedByReason).toEqual({ no_identity: 1 })
  })

  it('of another GPU at the same index are not taken for this one', () => {
    const other = 'GPU-0a0b0c0d-1111-4222-8333-444455556668'
    const text = gpu + row('NVLINK_COUNT_TX_BYTES', `nvlink="1",gpu="0",gpu_uuid="${other}"`, 7)
    expect(interpret(text).links?.[0]?.deviceKey).toBe(`uuid:${other}`)
  })

  it('alone on a page are kept, but the page is a failure: no GPU is seen', () => {
    const read = interpret(row('NVLINK_COUNT_TX_BYTES', `nvlink="1",gpu="0",gpu_uuid="${uuid}"`, 7))
    expect([read.outcome, read.reason, read.devices]).toEqual(['failed', 'no_gpu_rows', []])
    expect(read.links).toHaveLength(1)
  })

  it('lose a blank, a negative or an absurd value, and no neighbour', () => {
    const labels = `nvlink="1",gpu="0",gpu_uuid="${uuid}"`
    const read = interpret(
      gpu +
        row('NVLINK_COUNT_TX_BYTES', labels, '9223372036854775792') +
        row('NVLINK_COUNT_RX_BYTES', labels, '18446000000000000') +
        row('NVLINK_COUNT_RX_ERRORS', labels, -1) +
        row('NVLINK_COUNT_RX_SYMBOL_ERRORS', labels, 2_147_483_633) +
        row('NVLINK_COUNT_TX_DISCARDS', labels, 'N/A') +
        row('NVLINK_REPLAY_ERROR_PER_LINK_TOTAL', labels, 3),
    )
    expect(read.links?.[0]?.metrics).toEqual({
      link_tx_bytes_total: null,
      link_rx_bytes_total: 18_446_000_000_000_000,
      link_errors_total: null,
      link_symbol_errors_total: null,
      link_discards_total: null,
      link_replays_total: 3,
    })
    expect(read.rejectedByReason).toEqual({ blank_sentinel: 3, out_of_range: 1 })
  })

  it('prefer bytes per second of the profiler over MB/s, whatever comes first', () => {
    const labels = `nvlink="1",gpu="0",gpu_uuid="${uuid}"`
    const rows = [
      row('NVLINK_TX_THROUGHPUT_PER_LINK', labels, 21_000),
      `DCGM_FI_PROF_NVLINK_TX_BYTES_PER_LINK{${labels}} 21734000000\n`,
    ]
    for (const order of [rows, rows.toReversed()]) {
      expect(interpret(gpu + order.join('')).links?.[0]?.metrics).toEqual({
        link_tx_bytes_per_second: 21_734_000_000,
      })
    }
  })

  it('repeated for every pod of a shared GPU are one link', () => {
    const labels = `nvlink="1",gpu="0",gpu_uuid="${uuid}"`
    const read = interpret(
      gpu +
        row('NVLINK_COUNT_TX_BYTES', `${labels},pod="a"`, 10) +
        row('NVLINK_COUNT_TX_BYTES', `${labels},pod="b"`, 11),
    )
    expect(read.links).toHaveLength(1)
    expect(read.links?.[0]?.metrics).toEqual({ link_tx_bytes_total: 11 })
    expect(read.rejectedByReason).toEqual({})
  })

  it('given twice word for word count as a duplicate: the last one stands', () => {
    const labels = `nvlink="1",gpu="0",gpu_uuid="${uuid}"`
    const twice =
      row('NVLINK_COUNT_TX_BYTES', labels, 11) + row('NVLINK_COUNT_TX_BYTES', labels, 10)
    const read = interpret(gpu + twice)
    expect(read.links?.[0]?.metrics).toEqual({ link_tx_bytes_total: 10 })
    expect(read.rejectedByReason).toEqual({ duplicate_series: 1 })
  })
})

describe('links of an NVSwitch', () => {
  it('are ports of the node, numbered per switch', () => {
    const port = (nvswitch: number, link: number) =>
      row(
        'NVSWITCH_LINK_CRC_ERRORS',
        `nvlink="${link}",nvswitch="nvswitch${nvswitch}",Hostname="n1"`,
        link,
      )
    const read = interpret(gpu + port(1, 3) + port(0, 12) + port(0, 2))
    expect(read.links?.map(({ deviceKey, link, node }) => [deviceKey, link, node])).toEqual([
      [null, 'nvswitch0/2', 'n1'],
      [null, 'nvswitch0/12', 'n1'],
      [null, 'nvswitch1/3', 'n1'],
    ])
  })

  it('with a name that is none are listed, not read', () => {
    const read = interpret(gpu + row('NVSWITCH_LINK_CRC_ERRORS', 'nvlink="1",nvswitch="a/../b"', 1))
    expect(read.links).toBeUndefined()
    expect(read.ignored).toEqual(['DCGM_FI_DEV_NVSWITCH_LINK_CRC_ERRORS'])
  })
})

it('links and events are the same in any order of lines', () => {
  for (const name of ['b200-nvlink-per-link-4.4.1-4.6.0', 'h100-full-counters-4.2.3-4.2.0']) {
    const page = readFileSync(join(import.meta.dirname, 'testcases', name, 'input.prom'), 'utf8')
    const lines = page.trimEnd().split('\n')
    const expected = interpret(page)
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        const read = interpret(shuffled.join('\n'))
        expect(read.devices).toEqual(expected.devices)
        expect(read.links).toEqual(expected.links)
        expect(read.events).toEqual(expected.events)
      }),
      { numRuns: 30 },
    )
  }
})
