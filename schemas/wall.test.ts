import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { LEDGER_STATES } from './ledger.ts'
import {
  ageByte,
  applyWall,
  decodeWall,
  emptyWall,
  encodeWall,
  encodeWallDelta,
  marginByte,
  powerByte,
  ratioByte,
  WALL_COLUMNS,
  WALL_STATES,
  WALL_UNKNOWN,
  wallChanges,
  type WallHead,
  wallValue,
} from './wall.ts'

const head = fc.record<WallHead>({
  source: fc.constantFrom('live', 'settled'),
  layoutStamp: fc.nat(0xffff_ffff),
  stamp: fc.nat(0xffff_ffff),
  atMs: fc.nat(4_102_444_800_000),
  elsewhere: fc.nat(70_000),
  settledAtMs: fc.nat(4_102_444_800_000),
})
const wall = (devices: number) =>
  fc
    .tuple(...WALL_COLUMNS.map(() => fc.uint8Array({ minLength: devices, maxLength: devices })))
    .map((columns) => {
      const data = emptyWall(devices)
      WALL_COLUMNS.forEach((column, at) => data[column].set(columns[at] ?? []))
      return data
    })
const pair = fc.nat(40).chain((devices) => fc.tuple(wall(devices), wall(devices)))

it('what is encoded is decoded, whole and as what changed', () => {
  fc.assert(
    fc.property(head, pair, (told, [before, after]) => {
      const full = decodeWall(encodeWall(told, after).buffer)
      expect(full).toEqual({ ...told, kind: 'full', data: after })
      const changes = wallChanges(before, after)
      const delta = decodeWall(encodeWallDelta(told, after, changes).buffer)
      expect(delta).toMatchObject(told)
      expect(applyWall(before, delta)).toEqual(changes)
      expect(before).toEqual(after)
      expect(applyWall(emptyWall(after.state.length), full)).toBeNull()
    }),
  )
})

it('bytes that are no answer are refused in words, never read as values', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeWall(new Uint8Array(bytes).buffer)).toThrow(RangeError)
    }),
  )
  fc.assert(
    fc.property(head, wall(5), fc.nat(74), (told, data, length) => {
      const bytes = encodeWall(told, data)
      expect(() => decodeWall(bytes.slice(0, length).buffer)).toThrow(RangeError)
    }),
  )
})

it('a delta of another layout is refused', () => {
  const told: WallHead = {
    source: 'live',
    layoutStamp: 1,
    stamp: 2,
    atMs: 3,
    elsewhere: 0,
    settledAtMs: 0,
  }
  const delta = decodeWall(encodeWallDelta(told, emptyWall(9), Uint32Array.of(8)).buffer)
  expect(() => applyWall(emptyWall(8), delta)).toThrow('another layout')
  const full = decodeWall(encodeWall(told, emptyWall(9)).buffer)
  expect(() => applyWall(emptyWall(8), full)).toThrow('another layout')
})

it('values come back to within their step, and what nobody knows stays unknown', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (ratio) => {
      expect(wallValue('busy', ratioByte(ratio), 'live')).toBeCloseTo(ratio, 2)
      expect(wallValue('power', powerByte(ratio * 1.2), 'live')).toBeCloseTo(ratio * 1.2, 2)
      const margin = ratio * 120 - 25
      const read = wallValue('margin', marginByte(margin), 'settled') ?? 0
      expect(Math.abs(read - Math.min(100, margin))).toBeLessThanOrEqual(0.25)
    }),
  )
  expect(wallValue('coverage', ageByte(12), 'live')).toBe(12)
  expect(ageByte(9_999)).toBe(250)
  for (const byte of [ratioByte(null), marginByte(Number.NaN), powerByte(Infinity)])
    expect(byte).toBe(WALL_UNKNOWN)
  expect(wallValue('busy', WALL_UNKNOWN, 'live')).toBeNull()
})

it('states are the ledger’s, in its order', () => {
  expect(WALL_STATES).toEqual(LEDGER_STATES)
})
