import { describe, expect, it } from 'vitest'
import { readInventory } from './inventory.ts'

/** Titles and values as NetBox 4.7 exports its device list, columns in the order of its table. */
const HEADER =
  'Name,Status,Tenant,Site,Location,Rack,Role,Manufacturer,Type,IP Address,Serial number,Asset tag,Position,Cluster,Last updated'
const server = (name: string, status: string, more = '') =>
  `${name},${status},acme,bj1,Hall 2,R03,GPU server,Dell,XE9680,10.0.0.1/24,SRV123,A-1,12.0,train-a,2026-05-02 08:00${more}`

const read = (lines: readonly string[]) =>
  readInventory(`${lines.join('\n')}\n`, { format: 'netbox', timeZone: 'Asia/Shanghai' })
const told = (lines: readonly string[]) =>
  read(lines).problems.examples.map(({ where, message }) => `${where}: ${message}`)
const MAY_1 = Date.UTC(2026, 3, 30, 16)

describe('a NetBox export', () => {
  it('places its servers; serial number, manufacturer and type are those of the server, not of a device', () => {
    const { devices, nodes, states, problems } = read([HEADER, server('n1', 'Active')])
    expect({ devices, states }).toEqual({ devices: [], states: [] })
    expect(problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(nodes).toEqual([
      {
        node: 'n1',
        site: 'bj1',
        cluster: 'train-a',
        hall: 'Hall 2',
        rack: 'R03',
        pool: '',
        from_ms: 0,
      },
    ])
  })

  it('reads the names of the import form and of older releases as well', () => {
    const { nodes, problems } = read([
      'name,status,device_role,device_type,serial,asset_tag,site,location,rack',
      'n1,active,gpu,XE9680,SRV123,A-1,bj1,Hall 2,R03',
    ])
    expect(nodes).toMatchObject([{ node: 'n1', site: 'bj1', hall: 'Hall 2', rack: 'R03' }])
    expect(problems.noted).toBe(0)
  })

  it('makes devices where a custom field says how many', () => {
    const { devices } = read([
      `${HEADER},cf_gpus,cf_accepted,cf_pool`,
      server('n1', 'Active', ',2,2026-05-01,train'),
    ])
    expect(devices).toMatchObject([
      { node: 'n1', index: 0, accepted_ms: MAY_1, key: '' },
      { node: 'n1', index: 1, accepted_ms: MAY_1, key: '' },
    ])
  })

  it.each([
    ['Planned', null],
    ['Inventory', null],
    ['Staged', null],
    ['Active', MAY_1],
    ['Offline', MAY_1],
    ['Failed', MAY_1],
    ['Decommissioning', MAY_1],
  ])('devices of a %s server are accepted only where they serve', (status, accepted) => {
    const { devices } = read([
      `${HEADER},GPUs,Delivered,Accepted`,
      server('n1', status, ',1,2026-04-01,2026-05-01'),
    ])
    expect(devices).toMatchObject([
      { accepted_ms: accepted, delivered_ms: Date.UTC(2026, 2, 31, 16) },
    ])
  })

  it.each([
    ['Offline', 'drained'],
    ['Decommissioning', 'drained'],
    ['Failed', 'failed'],
    ['Staged', 'verification'],
  ] as const)('a %s server is %s from the date that is given with it', (status, state) => {
    const { states, nodes } = read([`${HEADER},Status since`, server('n1', status, ',2026-05-01')])
    expect(states).toMatchObject([
      { state, node: 'n1', key: '', from_ms: MAY_1, to_ms: null, reason: status.toLowerCase() },
    ])
    expect(nodes).toMatchObject([{ from_ms: 0 }])
  })

  it.each(['Active', 'Planned', 'Inventory'])('a %s server has no state', (status) => {
    expect(read([`${HEADER},Status since`, server('n1', status, ',2026-05-01')]).states).toEqual([])
  })

  it('a status without its date is told, not guessed', () => {
    const lines = [HEADER, server('n1', 'Offline')]
    expect(read(lines).states).toEqual([])
    expect(told(lines)).toEqual([
      'line 2: n1 is offline, and nothing says since when: not entered as drained; export a custom field "status since", or plimsoll import states',
    ])
  })

  it('a decommissioned server with a date of retirement is retired, not drained', () => {
    const { states, devices, problems } = read([
      `${HEADER},gpus,accepted,retired`,
      server('n1', 'Decommissioning', ',1,2026-01-01,2026-05-01'),
    ])
    expect(states).toEqual([])
    expect(devices).toMatchObject([{ retired_ms: MAY_1 }])
    expect(problems.noted).toBe(0)
  })

  it('a status and a column of the site itself are told, a device without a name is passed over', () => {
    expect(
      told([`${HEADER},Colour`, server('n1', 'Burning', ',red'), server('', 'Active', ',')]),
    ).toEqual([
      expect.stringMatching(/^line 1: the column "Colour" is not read; known here: node, status,/),
      "line 2: status burning is not one of NetBox's own; it is taken for active",
      'line 3: a device without a name is passed over',
    ])
  })

  it('divided by semicolons, as its users may choose, is refused with what to do', () => {
    expect(told(['Name;Status', 'n1;Active'])).toEqual([
      'line 1: semicolons divide the columns; save the file with commas',
    ])
  })
})
