import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readInventory } from './inventory.ts'

const read = (text: string) => readInventory(text, { format: 'yaml', timeZone: 'Asia/Shanghai' })
const told = (text: string) =>
  read(text).problems.examples.map(({ where, message }) => `${where}: ${message}`)
const MAY_1 = Date.UTC(2026, 3, 30, 16)

const TREE = `
accepted: 2026-05-01
sites:
  bj:
    cluster: a
    halls:
      H2:
        racks:
          07:
            pool: train
            nodes:
              n1:
                devices:
                  - uuid: MLU-1
                    index: 0
                  - uuid: MLU-2
                    index: 1
                    accepted: 2026-05-01T10:00
              n2: { devices: 2, model: H100 }
              n3:
          R08:
            nodes: [n4, n5]
`

describe('an inventory in YAML', () => {
  it('as a tree: what is said higher up counts below, and 07 stays 07', () => {
    const { devices, nodes } = read(TREE)
    expect(
      devices.map(({ key, node, index, accepted_ms }) => [key, node, index, accepted_ms]),
    ).toEqual([
      ['uuid:MLU-1', 'n1', 0, MAY_1],
      ['uuid:MLU-2', 'n1', 1, MAY_1 + 36_000_000],
      ['', 'n2', 0, MAY_1],
      ['', 'n2', 1, MAY_1],
    ])
    expect(
      nodes.map(({ node, site, cluster, hall, rack, pool }) => [
        node,
        site,
        cluster,
        hall,
        rack,
        pool,
      ]),
    ).toEqual([
      ['n1', 'bj', 'a', 'H2', '07', 'train'],
      ['n2', 'bj', 'a', 'H2', '07', 'train'],
      ['n3', 'bj', 'a', 'H2', '07', 'train'],
      ['n4', 'bj', 'a', 'H2', 'R08', ''],
      ['n5', 'bj', 'a', 'H2', 'R08', ''],
    ])
  })

  it('as a list of rows, with the names that CSV columns may have', () => {
    const { devices, nodes } = read(
      '- { Serial Number: 0071, host: n1, room: H1, cabinet: R1 }\n- { sn: S2, node: n1 }\n',
    )
    expect(devices.map(({ key }) => key)).toEqual(['serial:0071', 'serial:S2'])
    expect(nodes).toMatchObject([{ node: 'n1', hall: 'H1', rack: 'R1' }])
  })

  it('with a column emptied further down', () => {
    expect(read('pool: a\nnodes:\n  n1: { hall: H, rack: R, pool: }\n').nodes).toMatchObject([
      { pool: '' },
    ])
  })

  it.each([
    ['nodes:\n  n1: { hall: H, rack: R, colour: red }\n', 'line 2: the key "colour" is not read'],
    ['nodes:\n  n1: { hall: [H], rack: R }\n', 'line 2: hall is one value, not a list or map'],
    ['- just text\n', 'line 1: "just text" stands where a device or node should'],
    [
      'racks:\n  R1:\n',
      'line 2: names no device and no node; give uuid, serial or key, or node with index or bus',
    ],
    ['a: &x { node: n1 }\nnodes: *x\n', 'line 2: aliases (*name) are not read; write it out'],
    [
      'nodes:\n  n1: { serial: S1, hall: H, rack: R }\n  n2: { serial: S1, hall: H, rack: R }\n',
      'line 3: serial:S1 is listed in line 2 already; the first one stands',
    ],
    [
      'nodes: [\n',
      'line 2, column 1: this is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%j is told with its line', (text, problem) => {
    expect(told(text)).toContain(problem)
  })

  it('of nothing is nothing', () => {
    expect(read('')).toMatchObject({ devices: [], nodes: [], problems: { refused: 0, noted: 0 } })
  })

  it('nested without end is refused, not followed', () => {
    const { problems } = read('['.repeat(40) + ']'.repeat(40))
    expect(problems.examples).toEqual([{ where: 'line 1', message: 'is nested too deep' }])
  })

  it('of any text is read or told, never thrown', () => {
    const piece = fc.constantFrom(
      'nodes:',
      'n1',
      ':',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      'devices: 2',
      'rack: 07',
      '*a',
      '&a ',
      '"',
      '? ',
      '!!map ',
      '<<: ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
        expect(read(pieces.join('')).problems.refused).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
