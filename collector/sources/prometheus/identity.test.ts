import { describe, expect, it } from 'vitest'
import { interpretPage } from './interpret.ts'
import { parseMapping } from './parse-mapping.ts'

const MAPPING = `
name: acme
device: { vendor: acme, model: { labels: model, otherwise: A1 }, uuid: id, serial: sn, bus: pci, index: gpu }
link: { name: "lane/{lane}", of: device }
metrics:
  - { from: load, to: busy_ratio, unit: percent }
  - { from: [watts, old_watts], to: power_watts, unit: watts }
  - { from: lane_bytes, to: link_tx_bytes_total, unit: bytes }
`
const read = (lines: readonly string[]) => {
  const { mapping } = parseMapping(MAPPING, 'acme.yaml')
  return interpretPage(
    new TextEncoder().encode(lines.join('\n')),
    mapping === null ? [] : [mapping],
  )
}
const keysOf = (lines: readonly string[]) => read(lines).devices.map(({ keys }) => keys)

describe('which device a row is of', () => {
  it('rows with different names of one device are one device', () => {
    const result = read([
      'load{gpu="3"} 50',
      'watts{sn="SN-000123"} 100',
      'load{other="x",sn="SN-000123",gpu="3"} NaN',
      'watts{id="ACME-UUID-1",sn="SN-000123",pci="00000000:3B:00.0"} 100',
    ])
    expect(result.devices).toHaveLength(1)
    expect(result.devices[0]).toMatchObject({
      keys: ['uuid:ACME-UUID-1', 'serial:SN-000123', 'slot:0000:3b:00.0/0'],
      bus: '0000:3b:00.0',
      metrics: { busy_ratio: 0.5, power_watts: 100 },
    })
  })

  it('two devices of one board keep apart, and a row of their board alone is nobody s', () => {
    const result = read([
      'load{id="ACME-UUID-1",sn="SN-000123"} 10',
      'load{id="ACME-UUID-2",sn="SN-000123"} 90',
      'watts{sn="SN-000123"} 300',
    ])
    expect(result.devices.map(({ keys }) => keys)).toEqual([
      ['uuid:ACME-UUID-1'],
      ['uuid:ACME-UUID-2'],
    ])
    expect(result.devices.map(({ metrics }) => metrics.power_watts)).toEqual([undefined, undefined])
    expect(result.rejectedByReason).toEqual({ ambiguous_device: 1 })
  })

  it('masked and short ids are no identity', () => {
    expect(keysOf(['load{id="xxxxxxxx",gpu="1"} 1', 'load{id="0000-0000",gpu="2"} 1'])).toEqual([
      ['slot:index1/0'],
      ['slot:index2/0'],
    ])
  })

  it('renumbered devices keep their names: an index beside a uuid is no key', () => {
    expect(keysOf(['load{id="ACME-UUID-1",gpu="0"} 1'])).toEqual([['uuid:ACME-UUID-1']])
  })

  it('links are of their device; of several names of a metric the first that is there counts', () => {
    const result = read([
      'lane_bytes{id="ACME-UUID-1",lane="0"} 5',
      'lane_bytes{id="ACME-UUID-1",lane="1"} 6',
      'lane_bytes{id="ACME-UUID-1"} 7',
      'old_watts{id="ACME-UUID-1"} 90',
    ])
    expect(result.links).toEqual([
      {
        node: null,
        deviceKey: 'uuid:ACME-UUID-1',
        link: 'lane/0',
        metrics: { link_tx_bytes_total: 5 },
      },
      {
        node: null,
        deviceKey: 'uuid:ACME-UUID-1',
        link: 'lane/1',
        metrics: { link_tx_bytes_total: 6 },
      },
    ])
    expect(result.devices[0]?.metrics).toEqual({ power_watts: 90 })
    expect(result.rejectedByReason).toEqual({ no_link_name: 1 })
  })

  it('TYPE lines are not believed', () => {
    const { devices } = read(['# TYPE load counter', 'load{id="ACME-UUID-1"} 12.5'])
    expect(devices[0]?.metrics).toEqual({ busy_ratio: 0.125 })
  })
})
