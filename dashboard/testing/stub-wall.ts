import type { ServerResponse } from 'node:http'
import { WallLayout } from '#schemas/api-wall.ts'
import {
  ageByte,
  emptyWall,
  encodeWall,
  encodeWallDelta,
  encodeWallIds,
  marginByte,
  powerByte,
  ratioByte,
  WALL_STATES,
  type WallColumn,
  wallChanges,
  type WallHead,
} from '#schemas/wall.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'

/** TEST ONLY. A wall of any size: four halls, racks of four nodes of eight; one rack throttles, one node is silent, one failed. */

const WALL_STUB_DEVICES = 2_048
const PER_RACK = 32
const MINUTE_MS = 60_000
/** A tick of values: some devices change with each. */
const TICK_MS = 1_000
export const SICK_RACK = 5
export const STUB_STAMP = 77

const state = (name: (typeof WALL_STATES)[number]) => WALL_STATES.indexOf(name)

export function wallLayoutOf(devices: number, nowMs: number): WallLayout {
  const racks = Math.ceil(devices / PER_RACK)
  const perHall = Math.ceil(racks / 4)
  const halls = Array.from({ length: Math.ceil(racks / perHall) }, (_, hall) => ({
    cluster: hall < 2 ? 'east' : 'west',
    hall: `h${hall + 1}`,
    rows: [
      {
        row: '',
        racks: Array.from({ length: Math.min(perHall, racks - hall * perHall) }, (_rack, at) => {
          const rack = `h${hall + 1}-r${String(at + 1).padStart(2, '0')}`
          return {
            rack,
            nodes: [1, 2, 3, 4].map((node) => `${rack}-n0${node}`),
            devices: [8, 8, 8, 8],
            kinds: [0, 0, 0, 0].map(() => hall % 2),
          }
        }),
      },
    ],
  }))
  const kind = (model: string, usd: number | null) => ({
    vendor: 'nvidia',
    model,
    pool: 'training',
    power_cap_watts: 700,
    usd_per_hour: usd,
    price_is_assumed: false,
  })
  return WallLayout.parse({
    definition: DEFINITION_SET,
    simulated: true,
    stamp: STUB_STAMP,
    devices: racks * PER_RACK,
    settled_from: new Date(nowMs - 3 * 24 * 60 * MINUTE_MS).toISOString(),
    kinds: [kind('H100 SXM5 80GB', 2.5), kind('H200', null)],
    halls,
  })
}

/** Values at a moment: the same for the same moment. */
export function wallAt(devices: number, atMs: number, isLive: boolean) {
  const wall = emptyWall(devices)
  const tick = Math.floor(atMs / TICK_MS)
  for (let at = 0; at < devices; at += 1) setDevice(wall, at, tick, isLive)
  return wall
}

function setDevice(
  wall: Record<WallColumn, Uint8Array>,
  at: number,
  tick: number,
  isLive: boolean,
): void {
  const node = Math.floor(at / 8)
  const rack = Math.floor(at / PER_RACK)
  // Node 3 is silent; a device of node 9 failed.
  if (node === 3) {
    wall.state[at] = state('unknown')
    return
  }
  // A twelfth of the fleet changes with a tick.
  const moved = Math.floor((tick + at * 7) / 12)
  const noise = ((at * 2654435761 + moved * 40503) >>> 8) % 1000
  const idle = rack % 11 === 7
  const sick = rack === SICK_RACK
  const busy = idle ? 0.01 : sick ? 0.55 : 0.72 + (noise / 1000) * 0.27
  wall.state[at] = state(
    at === 75
      ? 'failed'
      : idle
        ? 'idle_held'
        : sick
          ? 'throttled'
          : noise < 30
            ? 'inefficient'
            : 'productive',
  )
  wall.busy[at] = ratioByte(at === 75 ? 0 : busy)
  wall.active[at] = ratioByte(busy * 0.7)
  // Half of the halls' vendor gives no effective tier.
  if (rack % 2 === 0) wall.effective[at] = ratioByte(busy * 0.4)
  wall.margin[at] = marginByte(sick ? 1.5 : 14 + (noise / 1000) * 16)
  wall.power[at] = powerByte(0.12 + busy * 0.8)
  wall.coverage[at] = isLive ? ageByte(noise < 40 ? 20 : 0) : ratioByte(1)
}

/** Answers what is asked of the wall; false = it is something else, or is to fail. */
export function serveWall(
  url: URL,
  response: ServerResponse,
  options: {
    readonly nowMs: () => number
    readonly broken?: ReadonlySet<string>
    readonly wall?: number
  },
): boolean {
  const path = url.pathname.slice('/api/v1/'.length)
  if (!url.pathname.startsWith('/api/v1/wall/') || options.broken?.has(path) === true) return false
  const devices = options.wall ?? WALL_STUB_DEVICES
  const answer = wallAnswerAt(path, url.searchParams, { nowMs: options.nowMs(), devices })
  if (answer === null) return false
  response.writeHead(200, { 'content-type': answer.type }).end(answer.body)
  return true
}

/** The wall's answers by path below /api/v1/, null = not one of them. */
function wallAnswerAt(
  path: string,
  query: URLSearchParams,
  { nowMs, devices }: { readonly nowMs: number; readonly devices: number },
): { readonly type: string; readonly body: string | Uint8Array } | null {
  const layout = wallLayoutOf(devices, nowMs)
  if (path === 'wall/layout') return { type: 'application/json', body: JSON.stringify(layout) }
  const bytes = (body: Uint8Array) => ({ type: 'application/octet-stream', body })
  if (path === 'wall/ids') {
    const ids = Array.from(
      { length: layout.devices },
      (_, at) => 9_000_000_000_000_000n + BigInt(at),
    )
    return bytes(encodeWallIds(STUB_STAMP, ids))
  }
  if (path !== 'wall/values') return null
  const head = (change: Partial<WallHead>): WallHead => ({
    source: 'live',
    layoutStamp: STUB_STAMP,
    stamp: Math.floor(nowMs / TICK_MS) % 900_000_000,
    atMs: nowMs,
    elsewhere: 0,
    settledAtMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS,
    ...change,
  })
  const at = query.get('at')
  if (at !== null) {
    const atMs = Math.floor(Number(at) / MINUTE_MS) * MINUTE_MS
    const settled = head({ source: 'settled', stamp: 0, atMs, elsewhere: 3 })
    return bytes(encodeWall(settled, wallAt(layout.devices, atMs, false)))
  }
  const now = wallAt(layout.devices, nowMs, true)
  const since = Number(query.get('since') ?? 0)
  if (since === 0) return bytes(encodeWall(head({}), now))
  const stampMs = (Math.floor(nowMs / TICK_MS) - (head({}).stamp - since)) * TICK_MS
  const before = wallAt(layout.devices, stampMs, true)
  return bytes(encodeWallDelta(head({}), now, wallChanges(before, now)))
}
