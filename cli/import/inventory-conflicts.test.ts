import { describe, expect, it } from 'vitest'
import type { Device } from '#schemas/api.ts'
import { conflictLines, inventoryConflicts } from './inventory-conflicts.ts'
import { draftInventory } from './inventory-draft.ts'
import { deviceOf } from './inventory.testing.ts'
import { readInventory } from './inventory.ts'

const NOW = Date.UTC(2026, 5, 1)
const HEADER = 'key,node,index,bus,hall,rack,pool,accepted,retired,from\n'
const linesOf = (rows: string, discovered: readonly Device[]) => {
  const inventory = readInventory(HEADER + rows, { format: 'csv', timeZone: 'UTC' })
  expect(inventory.problems.refused).toBe(0)
  return conflictLines(inventoryConflicts(inventory, discovered, NOW))
}
const gpu = (at: number, over: Partial<Device> = {}) =>
  deviceOf({ device_id: String(at), canonical_key: `uuid:MLU-${at}`, index: at, bus: '', ...over })

describe('what a list says against what is known', () => {
  it('is nothing for a draft of the same devices', () => {
    const devices = [gpu(0), gpu(1, { hall: '', rack: '' }), gpu(2, { node: 'n2', pool: '' })]
    const text = draftInventory(devices, null).lines.join('\n')
    const inventory = readInventory(text, { format: 'csv', timeZone: 'UTC' })
    expect(conflictLines(inventoryConflicts(inventory, devices, NOW))).toEqual([])
  })

  it('a node that moves racks is told, with since when', () => {
    const both = [gpu(0), gpu(1)]
    const rows = 'uuid:MLU-0,n1,,,H1,R7,train,2026-05-01,,\nuuid:MLU-1,n1,,,,,,2026-05-01,,\n'
    expect(linesOf(rows, both)).toEqual([
      '1 nodes stand elsewhere than the server shows:',
      '  n1 (2 devices): rack R1 to R7, from the import on; if it moved earlier, say so in the column from',
    ])
    const dated = `${rows.replace('R7', 'R1')},n1,,,H2,R9,serve,,,2026-05-20\n`
    expect(linesOf(dated, both)).toEqual([
      '1 nodes stand elsewhere than the server shows:',
      '  n1 (2 devices): hall H1 to H2, rack R1 to R9, pool train to serve, since 2026-05-20T00:00:00.000Z',
    ])
  })

  it('a device that reports from another node, one that nobody listed, one that nobody saw', () => {
    const rows = [
      'uuid:MLU-0,n9,,,H1,R1,train,2026-05-01,,',
      'uuid:MLU-8,n1,,,H1,R1,train,2026-05-01,,',
      ',n1,7,,H1,R1,train,2026-05-01,,',
      'uuid:MLU-9,n1,,,H1,R1,train,,,',
      'uuid:MLU-10,n1,,,H1,R1,train,2026-05-01,2026-05-20,',
      'uuid:MLU-11,n1,,,H1,R1,train,2026-07-01,,',
    ].join('\n')
    expect(
      linesOf(`${rows}\n`, [gpu(0), gpu(1), gpu(2, { accepted: false, state: 'silent' })]),
    ).toEqual([
      '1 devices report from another node than the listed one:',
      '  uuid:MLU-0 reports from n1, listed in n9',
      '1 devices report and are not listed; they stay in capacity as discovered:',
      '  uuid:MLU-1 in n1 (H100)',
      '2 devices are listed as in service and nothing has ever reported them:',
      '  uuid:MLU-8',
      '  device 7 of n1',
    ])
  })

  it('finds devices by any of their keys, by index and by bus in either case', () => {
    const devices = [
      gpu(0, { canonical_key: 'serial:S0', keys: ['serial:S0', 'uuid:MLU-0'] }),
      gpu(1, { canonical_key: 'slot:a/n1/1/0' }),
      gpu(2, { canonical_key: 'slot:a/n1/2/0', index: null, bus: '0000:C1:00.0' }),
    ]
    const rows =
      'uuid:MLU-0,,,,,,,2026-05-01,,\n,n1,1,,H1,R1,,2026-05-01,,\n,n1,,0000:c1:00.0,,,,2026-05-01,,\n'
    expect(linesOf(rows, devices)).toEqual([])
  })

  it('names the first twenty and counts the rest', () => {
    const devices = Array.from({ length: 30 }, (_, at) => gpu(at))
    const lines = linesOf('uuid:MLU-0,n1,,,H1,R1,,,,\n', devices)
    expect(lines).toHaveLength(22)
    expect(lines[0]).toMatch(/^29 devices report/)
    expect(lines.at(-1)).toBe('  and 9 more')
  })
})
