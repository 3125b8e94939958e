import { describe, expect, test } from 'vitest'
import type { ExplainCause } from '#schemas/api-explain.ts'
import { poolsOf } from './explain-cells.ts'
import { DEVICE_NODES_MAX, devicesOf, guessedNodes } from './explain-devices.ts'
import type { Parts } from './explain-parts.ts'
import { explainToys, TOY_WINDOW_MS, toyCell, type ToyDevice, toyFleet } from './explain.testing.ts'

const busyHoursOf = ({ parts }: Parts, cause: ExplainCause) =>
  parts.find((part) => part.cause === cause)?.busy_device_hours ?? 0

/** Of every `apart`th node: five devices of two jobs, which two causes take from both of them. */
const before = (count: number, apart = 1): ToyDevice[] =>
  toyFleet(count).map((device) => {
    if (Math.floor(device.id / 8) % apart !== 0) return device
    const own = { ...device, source: 1 }
    if (device.id % 8 < 3) return { ...own, job: 'big', state: 'active', busy: 0.9 }
    if (device.id % 8 < 5) return { ...own, job: 'small', state: 'active', busy: 0.2 }
    return { ...own, job: '', state: 'free' }
  })
const after = (fleet: readonly ToyDevice[]): ToyDevice[] =>
  fleet.map((device) => {
    // Of the big job two fail and one is drained, of the small one both are drained: by size it is the other way round.
    if (device.job === 'big' && device.id % 8 < 2) return { ...device, state: 'failed', job: '' }
    if (device.job === 'big' || device.job === 'small')
      return { ...device, state: 'drained', job: '' }
    return device
  })
const nodesOf = (fleet: readonly ToyDevice[]) =>
  poolsOf(
    fleet.map((device) => toyCell(device, TOY_WINDOW_MS)),
    TOY_WINDOW_MS,
    false,
  )

describe('two causes that took devices of two jobs on one node', () => {
  const fleet = before(1)

  test('are mistaken for each other by size, and told apart by device', () => {
    const byNode = explainToys(fleet, after(fleet))
    expect(busyHoursOf(byNode, 'failed')).toBeCloseTo(-0.4, 6)
    const byDevice = explainToys(fleet, after(fleet), { isByDevice: true })
    expect(busyHoursOf(byDevice, 'failed')).toBeCloseTo(-1.8, 6)
    expect(busyHoursOf(byDevice, 'drained')).toBeCloseTo(-1.3, 6)
    expect(byDevice.changePpm).toBe(byNode.changePpm)
    expect(Math.abs(byDevice.residualPpm)).toBeLessThanOrEqual(2)
  })

  test('exchanged, they give back what they took', () => {
    const there = explainToys(fleet, after(fleet), { isByDevice: true })
    const back = explainToys(after(fleet), fleet, { isByDevice: true })
    for (const cause of ['failed', 'drained'] as const)
      expect(busyHoursOf(back, cause) + busyHoursOf(there, cause)).toBeCloseTo(0, 9)
  })

  test('on a node whose devices came and went they are of the node still', () => {
    const moved = after(fleet).map((device) =>
      device.id === 7 ? { ...device, node: 'elsewhere' } : device,
    )
    const found = explainToys(fleet, moved, { isByDevice: true })
    expect(busyHoursOf(found, 'failed')).toBeCloseTo(-1.8, 6)
    expect(found.changePpm).toBe(explainToys(fleet, moved).changePpm)
  })
})

describe('nodes read by device', () => {
  test('are those on which two kinds lost and two gained, and no others', () => {
    const fleet = before(16, 4)
    const { chosen, left } = guessedNodes(nodesOf(fleet), nodesOf(after(fleet)))
    expect([...chosen.values()].map(({ place }) => place.node)).toEqual([
      'n000',
      'n004',
      'n008',
      'n012',
    ])
    expect(left).toBe(0)
    expect(guessedNodes(nodesOf(fleet), nodesOf(fleet)).chosen.size).toBe(0)
  })

  test('are bounded, and what is left over is counted', () => {
    const fleet = before(DEVICE_NODES_MAX + 10)
    const { chosen, left } = guessedNodes(nodesOf(fleet), nodesOf(after(fleet)))
    expect([chosen.size, left]).toEqual([DEVICE_NODES_MAX, 10])
  })

  test('have their devices in both windows, with none of other nodes', () => {
    const fleet = before(4, 2)
    const cells = fleet.map((device) => toyCell(device, TOY_WINDOW_MS))
    const side = { cells, lengthMs: TOY_WINDOW_MS }
    const { chosen } = guessedNodes(nodesOf(fleet), nodesOf(after(fleet)))
    const found = devicesOf(side, side, { chosen, byQuietMinutes: false })
    expect([...found.keys()]).toEqual([...chosen.keys()])
    for (const devices of found.values()) {
      expect(devices).toHaveLength(8)
      for (const { a, b } of devices) expect(a).toEqual(b)
    }
  })
})
