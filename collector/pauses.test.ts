import { expect, it } from 'vitest'
import type { ControlState, PauseOrder } from '#schemas/control.ts'
import { createPauses } from './pauses.ts'

const order = (more: Partial<PauseOrder> = {}): PauseOrder => ({
  id: '0123456789abcdef',
  source: 'npu-smi',
  nodes: 'h2-r[01-02]',
  cluster: '*',
  from_ms: 1000,
  until_ms: 2000,
  reason: 'driver upgrade',
  who: 'alice',
  ...more,
})
const state = (revision: number, ...pauses: PauseOrder[]): ControlState => ({
  v: 1,
  revision,
  pauses,
})

it('pauses exactly the named source on the named nodes for the named time', () => {
  const pauses = createPauses('east')
  expect(pauses.hear(state(1, order()))).toBe(true)
  expect(pauses.orderFor('npu-smi', 'h2-r01', 1000)).toMatchObject({ who: 'alice' })
  expect(pauses.orderFor('npu-smi', 'h2-r03', 1000)).toBeNull()
  expect(pauses.orderFor('dcgm-exporter', 'h2-r01', 1000)).toBeNull()
  expect(pauses.orderFor('npu-smi', 'h2-r01', 999)).toBeNull()
  expect(pauses.orderFor('npu-smi', 'h2-r01', 2000)).toBeNull()
})

it('a star stands for every source and every node, of its cluster', () => {
  const pauses = createPauses('east')
  pauses.hear(state(1, order({ source: '*', nodes: '*', cluster: 'east' })))
  expect(pauses.orderFor('anything', 'anywhere', 1500)).not.toBeNull()
  const other = createPauses('west')
  other.hear(state(1, order({ source: '*', nodes: '*', cluster: 'east' })))
  expect(other.orderFor('anything', 'anywhere', 1500)).toBeNull()
})

it('an older state that comes late changes nothing, a newer one without the order ends it', () => {
  const pauses = createPauses('east')
  pauses.hear(state(2, order()))
  expect(pauses.hear(state(1))).toBe(false)
  expect(pauses.hear(state(2))).toBe(false)
  expect(pauses.orderFor('npu-smi', 'h2-r01', 1500)).not.toBeNull()
  expect(pauses.hear(state(3))).toBe(true)
  expect(pauses.orderFor('npu-smi', 'h2-r01', 1500)).toBeNull()
})

it('a node list that cannot be understood pauses nothing and harms no other order', () => {
  const pauses = createPauses('east')
  pauses.hear(state(1, order({ nodes: 'h2-r[01-' }), order({ source: 'cnmon' })))
  expect(pauses.orderFor('npu-smi', 'h2-r01', 1500)).toBeNull()
  expect(pauses.orderFor('cnmon', 'h2-r01', 1500)).not.toBeNull()
})
