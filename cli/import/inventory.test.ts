import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InventoryDevice, NodePlace } from '#schemas/journal.ts'
import { UNDATED_MS } from './inventory-places.ts'
import { type InventoryOptions, readInventory } from './inventory.ts'

const read = (text: string, options: Partial<InventoryOptions> = {}) =>
  readInventory(text, { format: 'csv', timeZone: 'Asia/Shanghai', ...options })
const told = (text: string, options: Partial<InventoryOptions> = {}) =>
  read(text, options).problems.examples.map(({ where, message }) => `${where}: ${message}`)
const keysOf = (text: string) => read(text).devices.map(({ key }) => key)
const uuid = (digit: number) => `GPU-5ca1ab1e-0000-4000-8000-00000000000${digit}`
const SHANGHAI_MAY_1 = Date.UTC(2026, 3, 30, 16)

describe('an inventory in CSV', () => {
  it('gives devices that follow their node, and where nodes stand', () => {
    const text = [
      'uuid,node,index,bus,site,cluster,hall,rack,pool,vendor,model,delivered,accepted,retired',
      `${uuid(1)},n1,0,00000000:1B:00.0,bj,a,H2,R03,train,nvidia,H100,2026-04-20,2026-05-01,`,
      `${uuid(2)},n1,1,,bj,a,H2,R03,serve,nvidia,H100,,2026-05-01T10:00,2026-07-01`,
    ].join('\r\n')
    const { devices, nodes, problems } = read(text)
    expect(problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(devices).toEqual([
      {
        ...InventoryDevice.parse({ key: `uuid:${uuid(1)}`, node: 'n1', index: 0 }),
        bus: '0000:1b:00.0',
        vendor: 'nvidia',
        model: 'H100',
        delivered_ms: Date.UTC(2026, 3, 19, 16),
        accepted_ms: SHANGHAI_MAY_1,
      },
      {
        ...InventoryDevice.parse({ key: `uuid:${uuid(2)}`, node: 'n1', index: 1 }),
        pool: 'serve',
        vendor: 'nvidia',
        model: 'H100',
        accepted_ms: SHANGHAI_MAY_1 + 10 * 3_600_000,
        retired_ms: Date.UTC(2026, 5, 30, 16),
      },
    ])
    const place = { site: 'bj', cluster: 'a', hall: 'H2', rack: 'R03', pool: 'train' }
    expect(nodes).toEqual([{ node: 'n1', ...place, from_ms: UNDATED_MS }])
  })

  it('takes headers as sites write them', () => {
    const text = '序列号,Host Name,GPU_Index,机房,Cabinet,Acceptance Date\nS1,n1,3,H2,R1,2026/5/1\n'
    expect(read(text).devices).toMatchObject([
      { key: 'serial:S1', node: 'n1', index: 3, accepted_ms: SHANGHAI_MAY_1 },
    ])
    expect(read(text).nodes).toMatchObject([{ hall: 'H2', rack: 'R1' }])
  })

  it('writes one device in one way: UUIDs and vdie ids of the tools, keys with their kind', () => {
    const vdie = 'vdie:1F5A0-2-3-4-5'
    expect(
      keysOf(`key,uuid\n,${uuid(1).toUpperCase().replace('GPU-', '')}\nuuid:MLU-7,\n${vdie},\n`),
    ).toEqual([
      `uuid:${uuid(1)}`,
      'uuid:MLU-7',
      'vdie:0001F5A0-00000002-00000003-00000004-00000005',
    ])
  })

  it('expands a node that only says how many devices it holds', () => {
    const { devices } = read('node,devices,hall,rack,accepted\nn1,2,H1,R1,2026-05-01\n')
    expect(devices.map(({ node, index, accepted_ms }) => [node, index, accepted_ms])).toEqual([
      ['n1', 0, SHANGHAI_MAY_1],
      ['n1', 1, SHANGHAI_MAY_1],
    ])
  })

  it('keeps where a node stood: a row with from is the next place, not another first one', () => {
    const text = 'node,hall,rack,from\nn1,H1,R1,\nn1,H1,R7,2026-05-01\n'
    expect(read(text).nodes).toMatchObject([
      { rack: 'R1', from_ms: Date.UTC(1990, 0, 1) },
      { rack: 'R7', from_ms: SHANGHAI_MAY_1 },
    ])
    expect(read(text).problems.refused).toBe(0)
  })

  it('fills places from node names where the file leaves them open', () => {
    const pattern = 'h{hall}-r{rack}-n{node}'
    const text = 'node,rack\nh2-r03-n01,\nh2-r03-n02,R9\nlogin,\n'
    expect(read(text, { pattern }).nodes).toMatchObject([
      { node: 'h2-r03-n01', hall: '2', rack: '03' },
      { node: 'h2-r03-n02', hall: '2', rack: 'R9' },
    ])
    expect(told(text, { pattern })).toEqual([
      'line 4: node login has no hall and no rack here: unless it stands somewhere already, it is shown as unplaced',
    ])
    expect(() => read(text, { pattern: '{hall' })).toThrow(/column 1/)
  })
})

describe('what is wrong is told with its line and what to do', () => {
  it.each([
    [
      'a serial twice, both lines named',
      'serial,pool\nS1,a\nS2,a\nS1,a\n',
      'line 4: serial:S1 is listed in line 2 already; the first one stands',
    ],
    [
      'a device in two pools',
      'serial,pool\nS1,a\nS1,b\n',
      'line 3: serial:S1 is in pool a in line 2 and in pool b here; a device has one pool',
    ],
    [
      'the UUID of one row as the key of another',
      `uuid,key\n${uuid(1)},\n,uuid:${uuid(1)}\n`,
      `line 3: uuid:${uuid(1)} is listed in line 2 already; the first one stands`,
    ],
    [
      'a place in a node twice',
      'node,index,hall,rack\nn1,0,H,R\nn1,0,H,R\n',
      'line 3: device 0 of node n1 is listed in line 2 already; the first one stands',
    ],
    [
      'accepted before delivered',
      'serial,delivered,accepted\nS1,2026-05-02,2026-05-01\n',
      'line 2: accepted 2026-05-01 is before delivered 2026-05-02; correct one of them',
    ],
    [
      'retired before accepted',
      'serial,accepted,retired\nS1,2026-05-02,2026-05-01\n',
      'line 2: retired 2026-05-01 is before accepted 2026-05-02; correct one of them',
    ],
    [
      'retired before delivered',
      'serial,delivered,retired\nS1,2026-05-02,2026-05-01\n',
      'line 2: retired 2026-05-01 is before delivered 2026-05-02; correct one of them',
    ],
    [
      'a row that names nothing',
      'serial,hall\n,H1\n',
      'line 2: names no device and no node; give uuid, serial or key, or node with index or bus',
    ],
    [
      'a date that cannot be read',
      'serial,accepted\nS1,01/05/2026\n',
      'line 2: accepted "01/05/2026" does not say which number is the month; write 2026-05-01',
    ],
    [
      'a node in two racks',
      'node,hall,rack\nn1,H1,R1\nn1,H1,R2\n',
      'line 3: node n1 is in rack R1 in line 2 and in rack R2 here; where it moved, say since when in the column from',
    ],
    [
      'a node in two pools',
      'node,hall,rack,pool\nn1,H1,R1,a\nn1,H1,R1,b\n',
      'line 3: node n1 is in pool a in line 2 and in pool b here; where it moved, say since when in the column from',
    ],
    [
      'a key of no kind',
      'key\nS1\n',
      'line 2: key "S1" is none; write uuid:…, vdie:… or serial:…, or node with index or bus',
    ],
    [
      'a masked UUID',
      'uuid\nGPU-00000000-0000-0000-0000-000000000000\n',
      'line 2: uuid "GPU-00000000-0000-0000-0000-000000000000" is a placeholder, not an identity; give the real one',
    ],
    [
      'a key against another column',
      'key,serial\nserial:S1,S2\n',
      'line 2: key says serial:S1, another column serial:S2; correct one of them',
    ],
    [
      'an index that is none',
      'node,index,hall,rack\nn1,two,H,R\n',
      'line 2: index "two" is no number from 0 to 1023',
    ],
    [
      'devices without a node',
      'devices,hall\n8,H1\n',
      'line 2: names no device and no node; give uuid, serial or key, or node with index or bus',
    ],
    [
      'one device and how many',
      'node,index,devices,hall,rack\nn1,0,8,H,R\n',
      'line 2: names one device and says how many; leave out the column devices, or uuid, key, index and bus',
    ],
    [
      'a number of devices that is none',
      'node,devices,hall,rack\nn1,many,H,R\n',
      'line 2: devices "many" is no number from 0 to 1023',
    ],
    [
      'a text too long',
      `serial\n${'x'.repeat(300)}\n`,
      'line 2: serial is longer than 256 characters',
    ],
    [
      'a control character',
      'serial\n"S\n1"\n',
      'line 2: serial holds a line break or another control character',
    ],
    [
      'a cell too many',
      'serial,pool\nS1,a,b\n',
      'line 2: has 3 cells, the header 2; quote cells that hold commas',
    ],
    [
      'a column twice',
      'serial,SN\nS1,S1\n',
      'line 1: the columns "serial" and "SN" mean the same; keep one',
    ],
    ['an empty file', '', 'line 1: the file is empty; its first line names the columns'],
  ])('%s', (_, text, problem) => {
    expect(told(text)).toEqual([problem])
    expect(read(text).problems.refused).toBe(1)
  })

  it.each([
    [
      'a column we do not know',
      'serial,colour\nS1,red\n',
      'line 1: the column "colour" is not read; known here: uuid, serial, key, node, index, bus, devices, site, cluster, hall, rack, pool, vendor, model, delivered, accepted, retired, from',
    ],
    [
      'a node without a place',
      'node,index\nn1,0\n',
      'line 2: node n1 has no hall and no rack here: unless it stands somewhere already, it is shown as unplaced',
    ],
    [
      'dates of no device',
      'node,hall,rack,accepted\nn1,H,R,2026-05-01\n',
      'line 2: accepted belongs to devices, and the row names none; say how many in the column devices',
    ],
    [
      'the serial of a board with two chips',
      'uuid,serial\nMLU-1,S1\nMLU-2,S1\n',
      'line 3: serial:S1 is also in line 2: two chips of one board?',
    ],
  ])('but takes the row: %s', (_, text, note) => {
    expect(told(text)).toEqual([note])
    expect(read(text).problems).toMatchObject({ refused: 0, noted: 1 })
  })

  it('a replaced device may sit where the old one sat', () => {
    const text = `uuid,node,index,hall,rack,accepted,retired
${uuid(1)},n1,0,H,R,2026-01-01,2026-03-01
${uuid(2)},n1,0,H,R,2026-03-01,\n`
    expect(read(text).problems.refused).toBe(0)
    expect(keysOf(text)).toHaveLength(2)
  })
})

describe('for any rows', () => {
  const good = (at: number) => `S${at},n${at},0,H${at % 3},R${at % 7},2026-05-01,`
  const bad = fc.constantFrom(
    ',,,H1,R1,,',
    'S0,n0,0,H1,R1,2026-05-01,',
    'SX,nx,zero,H1,R1,,',
    'SX,nx,0,H1,R1,2026-05-01,2026-04-01',
    'SX,nx,0,H1,R1,yesterday,',
    'SX,n0,1,H9,R9,,',
    'SX,nx',
    '"SX,nx,0,H1,R1,,',
  )
  it('a bad row is refused alone: the good ones give the same with it and without it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.tuple(fc.nat(), bad), { maxLength: 6 }),
        (count, inserts) => {
          const rows = Array.from({ length: count }, (_, at) => good(at))
          const mixed = [...rows]
          // Behind the first row: that one stands against its doubles.
          for (const [at, row] of inserts) mixed.splice(1 + (at % mixed.length), 0, row)
          const text = (lines: readonly string[]) =>
            `serial,node,index,hall,rack,accepted,retired\n${lines.join('\n')}\n`
          const [with_, without] = [read(text(mixed)), read(text(rows))]
          expect(with_.devices).toEqual(without.devices)
          expect(with_.nodes).toEqual(without.nodes)
          expect(with_.problems.refused).toBe(inserts.length)
        },
      ),
    )
  })

  it('what comes out is what the journal takes', () => {
    const cell = fc.oneof(
      fc.constantFrom('', 'n1', 'n2', '0', '7', 'H1', '2026-05-01', uuid(1), 'serial:S', '8'),
      fc.string({ maxLength: 300 }).map((text) => text.replaceAll(/[",\r\n\0\uFFFD\uFEFF]/g, '')),
    )
    const header = 'uuid,serial,node,index,devices,hall,rack,pool,accepted,from'
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 10, maxLength: 10 })), (rows) => {
        const text = [header, ...rows.map((cells) => cells.join(','))].join('\n')
        const { devices, nodes } = read(text)
        for (const device of devices) expect(InventoryDevice.parse(device)).toEqual(device)
        for (const node of nodes) expect(NodePlace.parse(node)).toEqual(node)
      }),
    )
  })
})
