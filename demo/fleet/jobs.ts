import type { Fleet, SimNode } from './layout.ts'
import { pick, uniform } from './noise.ts'

/**
 * Who works where and how hard, as a pure function of time. Nodes of a pool are cut into slots; each
 * slot lives through periods of 5-29 hours, in each of which one job runs, may die early and stay held
 * (the idle that nobody sees), and ends before the next begins.
 */

export interface Slot {
  readonly id: number
  readonly pool: string
  readonly nodes: readonly SimNode[]
  readonly periodMs: number
  readonly offsetMs: number
  /** The one large training job, which the incident kills; it never ends by itself. */
  readonly flagship: boolean
}

export interface SlotMoment {
  /** Null when nobody holds the slot. */
  readonly job: string | null
  readonly tenant: string
  readonly workload: 'training' | 'serving' | 'interactive'
  /** Busy of a healthy device of this slot, 0..1, before its own noise. */
  readonly busy: number
  /** Share of the busy time in which tensor units work. */
  readonly tensor: number
  readonly startedMs: number
}

const TENANTS = ['atlas', 'borealis', 'cirrus', 'delta', 'ember'] as const
const NAMES = ['pretrain', 'sft', 'rlhf', 'eval', 'distill', 'embed'] as const
const SLOT_NODES = [4, 2, 4, 1, 2, 3, 1, 2] as const
const HOUR = 3_600_000

export function buildSlots(fleet: Fleet): readonly Slot[] {
  const slots: Slot[] = []
  const groups = Map.groupBy(fleet.nodes, (node) => `${node.hall}/${node.pool}`)
  for (const nodes of groups.values()) {
    let start = 0
    let turn = 0
    while (start < nodes.length) {
      const first = nodes[start]
      if (first === undefined) break
      const flagship = slots.length === 0
      const wanted = flagship
        ? flagshipNodes(fleet, nodes.length)
        : (SLOT_NODES[turn++ % SLOT_NODES.length] ?? 1)
      const id = slots.length
      slots.push({
        id,
        pool: first.pool,
        nodes: nodes.slice(start, start + wanted),
        periodMs: Math.round((5 + 24 * uniform(fleet.seed, id, 11)) * HOUR),
        offsetMs: Math.round(40 * HOUR * uniform(fleet.seed, id, 12)),
        flagship,
      })
      start += wanted
    }
  }
  return slots
}

/** About 22 % of the fleet: large enough that its death moves the fleet below 60 % at any hour. */
function flagshipNodes(fleet: Fleet, available: number): number {
  return Math.min(available, Math.max(1, Math.round((fleet.devices.length * 0.22) / 8)))
}

export function slotAt(slot: Slot, seed: number, atMs: number): SlotMoment {
  if (slot.flagship)
    return {
      job: 'atlas-pretrain-70b',
      tenant: 'atlas',
      workload: 'training',
      busy: training(0.95, atMs, 0, seed),
      tensor: 0.62,
      startedMs: 0,
    }
  if (slot.pool === 'inference') return serving(slot, seed, atMs)
  const period = Math.floor((atMs + slot.offsetMs) / slot.periodMs)
  const startedMs = period * slot.periodMs - slot.offsetMs
  const into = (atMs - startedMs) / slot.periodMs
  const tenant = pick(TENANTS, seed, slot.id * 31 + 1, period)
  const job = `${tenant}-${pick(NAMES, seed, slot.id * 31 + 2, period)}-${(period % 1000) + 100}`
  const runs = slot.pool === 'research' ? 0.8 : 0.88 + 0.09 * uniform(seed, slot.id, period)
  const workload = slot.pool === 'research' ? 'interactive' : 'training'
  const held = {
    job,
    tenant,
    workload,
    tensor: 0.35 + 0.3 * uniform(seed, slot.id + 5000, period),
    startedMs,
  } as const
  if (into > runs) return { job: null, tenant: '', workload, busy: 0, tensor: 0, startedMs }
  const dies = uniform(seed, slot.id + 9000, period) < 0.06
  if (dies && into > runs * 0.75) return { ...held, busy: 0.004 }
  if (slot.pool === 'research')
    return { ...held, busy: interactive(atMs, uniform(seed, slot.id + 7000, period)) }
  return {
    ...held,
    busy: training(0.78 + 0.15 * uniform(seed, slot.id + 3000, period), atMs, slot.id, seed),
  }
}

/** Steady, with a shallow dip of a minute every 40: checkpoints are written in the background. */
function training(level: number, atMs: number, phase: number, seed: number): number {
  const minute = Math.floor(atMs / 60_000)
  const dip = (minute + phase * 7) % 40 === 0
  return dip ? level * 0.8 : level + 0.02 * (uniform(seed, phase, minute) - 0.5)
}

function serving(slot: Slot, seed: number, atMs: number): SlotMoment {
  const tenant = pick(TENANTS, seed, slot.id * 31 + 3)
  const busy =
    0.42 + 0.26 * daylight(atMs) + 0.06 * (uniform(seed, slot.id, Math.floor(atMs / 60_000)) - 0.5)
  return { job: `${tenant}-chat`, tenant, workload: 'serving', busy, tensor: 0.28, startedMs: 0 }
}

function interactive(atMs: number, eagerness: number): number {
  const day = daylight(atMs)
  const minute = Math.floor(atMs / 60_000)
  return day < 0.25 ? 0.12 : 0.25 + 0.5 * day * (0.6 + 0.4 * Math.sin(minute / 9 + eagerness * 6))
}

/** 0 at four in the morning, 1 at four in the afternoon, site time (UTC+8). */
function daylight(atMs: number): number {
  const hour = ((atMs / HOUR + 8) % 24) - 4
  return 0.5 - 0.5 * Math.cos((hour / 24) * 2 * Math.PI)
}
