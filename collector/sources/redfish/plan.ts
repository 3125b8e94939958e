import {
  type ExploreContext,
  explore,
  FIRST_STEP,
  type Found,
  type Item,
  type Step,
} from './discover.ts'
import type { Json } from './json.ts'

/** What is read of one device, and looked into to find it. */
const ITEMS = 512
const STEPS = 512
/** How often the equipment is looked for again, ms; after something vanished sooner. */
const AGAIN_MS = 3_600_000
const AGAIN_SOON_MS = 300_000

/** One question to ask next. */
export type Task =
  | { readonly kind: 'step'; readonly step: Step }
  | { readonly kind: 'item'; readonly item: Item; readonly index: number }

interface Planned {
  readonly item: Item
  /** Tick of the last answer; null = never. */
  readMs: number | null
}

/** When a tick is, and how far apart ticks are, ms. */
export interface Tick {
  readonly atMs: number
  readonly everyMs: number
}

/** What is known of a device's resources and what is due: nothing starves, the most overdue first. */
export interface Plan {
  next(tick: Tick): Task | null
  /** Whether `next` would give a task. */
  isDue(tick: Tick): boolean
  /** The answer of a step. */
  found(step: Step, answer: Json, context: ExploreContext): void
  /** Looks into these as well; what was looked into since equipment was looked for last is left out. */
  look(steps: readonly Step[]): void
  /** Gives up what would be asked about limits. */
  dropLimits(): void
  /** An item was asked for, whatever came of it. */
  asked(item: Item, atMs: number): void
  /** An item is not there any more: equipment is looked for again before long. */
  gone(item: Item, nowMs: number): void
  /** The service does not fill in members after all: they are asked for one by one. */
  unfold(item: Item): void
  /** A step that was not answered is looked into again. */
  retry(step: Step): void
  /** Items known. */
  readonly size: () => number
  /** True once everything was looked into. */
  readonly isExplored: () => boolean
}

/** Less than half of the time between full reads: a first answer must not be due again in its own tick. */
const EARLIER_MOST = 0.49

/**
 * The plan of one device. Its first answers count as older than they are, by a share of `fullEveryMs` that `random` (0..1) chooses: where
 * ticks are short, devices that were found together are not read together ever after.
 */
export function createPlan(
  fullEveryMs: number,
  ownPath: (link: string) => string | null,
  random: () => number,
): Plan {
  const earlierMs = random() * EARLIER_MOST * fullEveryMs
  const state: PlanState = {
    fullEveryMs,
    ownPath,
    planned: [],
    steps: [FIRST_STEP],
    visited: new Set(),
    fresh: null,
    exploredMs: null,
    lookAgainMs: Number.POSITIVE_INFINITY,
    isStepsTurn: true,
  }
  return {
    next: (tick) => nextTask(state, tick),
    isDue: (tick) =>
      state.steps.length > 0 ||
      state.exploredMs === null ||
      isTimeToLook(state, tick.atMs) ||
      mostOverdue(state, tick) !== null,
    found: (step, answer, context) => takeFound(state, explore(step, answer, context)),
    look: (steps) => takeFound(state, { steps, items: [] }),
    dropLimits() {
      state.steps = state.steps.filter(({ role }) => role !== 'limits')
    },
    asked(item, atMs) {
      const planned = state.planned.find((one) => one.item.path === item.path)
      if (planned === undefined) return
      const isFirst = planned.readMs === null && !item.isFast
      planned.readMs = isFirst ? atMs - earlierMs : atMs
    },
    gone(item, nowMs) {
      state.planned = state.planned.filter((one) => one.item.path !== item.path)
      state.lookAgainMs = Math.min(state.lookAgainMs, nowMs + AGAIN_SOON_MS)
    },
    unfold(item) {
      const at = state.planned.findIndex((one) => one.item.path === item.path)
      if (at === -1) return
      const { isFast } = item
      const single = item.members.flatMap((link) =>
        ownItem(state, { path: link, isFast, members: [] }),
      )
      state.planned.splice(at, 1, ...single.map((one) => ({ item: one, readMs: null })))
    },
    retry(step) {
      state.steps.unshift(step)
    },
    size: () => state.planned.length,
    isExplored: () => state.exploredMs !== null,
  }
}

interface PlanState {
  readonly fullEveryMs: number
  readonly ownPath: (link: string) => string | null
  planned: Planned[]
  steps: Step[]
  visited: Set<string>
  /** Items of a later look, until it is complete; null during the first, whose items count at once. */
  fresh: Item[] | null
  exploredMs: number | null
  lookAgainMs: number
  isStepsTurn: boolean
}

function nextTask(state: PlanState, tick: Tick): Task | null {
  // While one look is under way its end is not yet the time of the next.
  const isIdle = state.steps.length === 0 && state.fresh === null
  if (isIdle && isTimeToLook(state, tick.atMs)) {
    state.steps = [FIRST_STEP]
    state.visited = new Set()
    state.fresh = []
    state.lookAgainMs = Number.POSITIVE_INFINITY
  }
  const due = mostOverdue(state, tick)
  const [step] = state.steps
  // In turns, so that neither finding nor reading waits for the whole of the other.
  state.isStepsTurn = !state.isStepsTurn
  if (step !== undefined && (due === null || state.isStepsTurn)) {
    state.steps.shift()
    return { kind: 'step', step }
  }
  finishLook(state, tick.atMs)
  return due
}

const isTimeToLook = ({ exploredMs, lookAgainMs }: PlanState, nowMs: number) =>
  exploredMs !== null && (nowMs - exploredMs >= AGAIN_MS || nowMs >= lookAgainMs)

/** Nothing left to look into: what was found is the plan from now on. */
function finishLook(state: PlanState, nowMs: number): void {
  if (state.steps.length > 0) return
  if (state.fresh !== null) {
    const before = new Map(state.planned.map((one) => [one.item.path, one]))
    state.planned = state.fresh.map((item) => ({
      item,
      readMs: before.get(item.path)?.readMs ?? null,
    }))
    state.fresh = null
    state.exploredMs = nowMs
  }
  state.exploredMs ??= nowMs
}

function mostOverdue({ planned, fullEveryMs }: PlanState, tick: Tick): Task | null {
  let best: Task | null = null
  let bestLate = 0
  for (const [index, { item, readMs }] of planned.entries()) {
    const periodMs = item.isFast ? tick.everyMs : Math.max(fullEveryMs, tick.everyMs)
    const sinceMs = readMs === null ? Number.POSITIVE_INFINITY : tick.atMs - readMs
    // Half a tick early is nearer than half a tick late.
    if (sinceMs <= 0 || sinceMs < periodMs - tick.everyMs / 2) continue
    const late = sinceMs / periodMs
    const isBetter = late > bestLate || (late === bestLate && isFaster(item, best))
    if (!isBetter) continue
    best = { kind: 'item', item, index }
    bestLate = late
  }
  return best
}

const isFaster = (item: Item, best: Task | null) =>
  item.isFast && best?.kind === 'item' && !best.item.isFast

function takeFound(state: PlanState, { steps, items }: Found): void {
  for (const step of steps) {
    const path = state.ownPath(step.path)
    const isNew = path !== null && !state.visited.has(path)
    if (!isNew || state.visited.size >= STEPS) continue
    state.visited.add(path)
    state.steps.push({ ...step, path })
  }
  const known = state.fresh ?? state.planned.map(({ item }) => item)
  for (const item of items.flatMap((one) => ownItem(state, one))) {
    if (known.length >= ITEMS || known.some(({ path }) => path === item.path)) continue
    known.push(item)
    if (state.fresh === null) state.planned.push({ item, readMs: null })
  }
}

/** The item when it lies on the device itself. */
function ownItem({ ownPath }: PlanState, item: Item): Item[] {
  const path = ownPath(item.path)
  return path === null ? [] : [{ ...item, path }]
}
