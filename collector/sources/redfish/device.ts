import type { MeterMetricName, MeterMetricValues } from '#schemas/meter-metrics.ts'
import {
  type Interpretation,
  type MeterLimits,
  type MeterReading,
  type Unread,
  unread,
} from '#schemas/reading.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import type { Answer, Client } from './client.ts'
import { expandOf, type ExploreContext, type Item } from './discover.ts'
import { NO_METERS, NOT_ASKED_YET, SOURCE_NAME, statusWords } from './faults.ts'
import { children, type Json, linkOf, typeOf, word } from './json.ts'
import { type LimitPlace, limitsFor, limitsOfPoint, limitSteps } from './limits.ts'
import type { RedfishConfig } from './options.ts'
import { mergePoints, metricNames, parseAnswer } from './parse.ts'
import { createPlan, type Plan, type Task } from './plan.ts'
import type { Refusal } from './values.ts'

/** A device that does not answer is asked again after 1 s at first, and never less often than this, ms. */
const RETRY_BASE_MS = 1000
const RETRY_MAX_MS = 30_000
/** Refusals in a row after which the device as a whole is what is wrong. */
const REFUSED_IN_ROW = 5
/** A value of one resource is not believed while a better one gives it; when that has been silent this long, it is, ms. */
const OWNED_MS = 300_000
const EXAMPLES = 8
const NUDGES = 64

export interface DeviceDeps {
  readonly client: Client
  readonly config: Pick<RedfishConfig, 'kinds' | 'full_every'>
  readonly nowMs: () => number
  readonly random: () => number
  /** Something else to do with the device between reads (its subscription); null = nothing now. */
  readonly chore: (eventService: string | null) => (() => Promise<Answer>) | null
}

/** One device: what it has, what is due, and what it said since the last tick. */
export interface Device {
  /** Whether a tick would ask for something, or has something to hand over. */
  isDue(atMs: number): boolean
  /** Asks for what is due until the budget is used up; a question still open goes on and is answered in a later tick. */
  tick(atMs: number, budgetMs: number): Promise<Interpretation>
  /** Asks for these resources now, out of turn, and says what came. */
  lookAt(links: readonly string[], budgetMs: number): Promise<Interpretation>
  close(): Promise<void>
}

interface DeviceState {
  readonly deps: DeviceDeps
  readonly plan: Plan
  context: ExploreContext
  eventService: string | null
  readonly tool: Record<string, string>
  /** The question under way. */
  current: Promise<void> | null
  readonly nudged: Set<string>
  tickMs: number
  everyMs: number
  /** Why nothing could be read lately; null = the last question was answered. */
  failure: Unread | null
  refusedInRow: number
  waitMs: number
  notBeforeMs: number
  hasRead: boolean
  /** Items whose sensors were looked for since equipment was looked for last. */
  readonly lookedBehind: Set<string>
  /** Who gave the values of a point last; one object for all values of an answer. */
  readonly owners: Map<string, Partial<Record<MeterMetricName, Owner>>>
  said: Said
}

/** The place of a resource in the plan, and when it answered. */
interface Owner {
  readonly index: number
  readonly atMs: number
}

/** What came since it was last handed over. */
interface Said {
  readonly meters: MeterReading[]
  readonly limits: MeterLimits[]
  readonly rejected: { line: string; reason: string }[]
  readonly rejectedByReason: Record<string, number>
  readonly ignored: Set<string>
  answers: number
}

const nothingSaid = (): Said => ({
  meters: [],
  limits: [],
  rejected: [],
  rejectedByReason: {},
  ignored: new Set(),
  answers: 0,
})

export function createDevice(deps: DeviceDeps): Device {
  const { client, config } = deps
  const state: DeviceState = {
    deps,
    plan: createPlan(config.full_every, (link) => client.ownPath(link), deps.random),
    context: { kinds: config.kinds, expand: null },
    eventService: null,
    tool: {},
    current: null,
    nudged: new Set(),
    tickMs: 0,
    everyMs: config.full_every,
    failure: null,
    refusedInRow: 0,
    waitMs: 0,
    notBeforeMs: 0,
    hasRead: false,
    lookedBehind: new Set(),
    owners: new Map(),
    said: nothingSaid(),
  }
  return {
    isDue(atMs) {
      noteTick(state, atMs)
      return isDue(state)
    },
    async tick(atMs, budgetMs) {
      noteTick(state, atMs)
      await work(state, budgetMs, () => nextQuestion(state))
      return handOver(state)
    },
    async lookAt(links, budgetMs) {
      for (const link of links) {
        const path = client.ownPath(link)
        if (path !== null && state.nudged.size < NUDGES) state.nudged.add(path)
      }
      await work(state, budgetMs, () => nudgedQuestion(state))
      return handOver(state)
    },
    close: () => client.close(),
  }
}

function noteTick(state: DeviceState, atMs: number): void {
  const sinceMs = atMs - state.tickMs
  if (state.tickMs > 0 && sinceMs > 0) state.everyMs = Math.min(state.everyMs, sinceMs)
  state.tickMs = atMs
}

/** A device that fails is never at rest: each tick says so. */
function isDue(state: DeviceState): boolean {
  const { current, failure, said, nudged, deps, plan, tickMs, everyMs } = state
  if (current !== null || failure !== null || said.answers > 0 || nudged.size > 0) return true
  if (said.limits.length > 0) return true
  return deps.chore(state.eventService) !== null || plan.isDue({ atMs: tickMs, everyMs })
}

type Question = () => Promise<void>

/** One question at a time, until nothing is due or the time is used up. */
async function work(
  state: DeviceState,
  budgetMs: number,
  next: () => Question | null,
): Promise<void> {
  const endMs = performance.now() + budgetMs
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, budgetMs + 1)
  try {
    do {
      if (state.current === null) {
        const question = state.deps.nowMs() < state.notBeforeMs ? null : next()
        if (question === null) return
        state.current = question().finally(() => {
          state.current = null
        })
      }
      await Promise.race([state.current, late.promise])
    } while (performance.now() < endMs)
  } finally {
    clearTimeout(timer)
  }
}

function nextQuestion(state: DeviceState): Question | null {
  const nudged = nudgedQuestion(state)
  if (nudged !== null) return nudged
  const chore = state.deps.chore(state.eventService)
  if (chore !== null) return async () => void heard(state, await chore())
  const task = state.plan.next({ atMs: state.tickMs, everyMs: state.everyMs })
  return task === null ? null : () => carryOut(state, task)
}

function nudgedQuestion(state: DeviceState): Question | null {
  const [path] = state.nudged
  if (path === undefined) return null
  state.nudged.delete(path)
  return async () => {
    const answer = await state.deps.client.get(path)
    if (heard(state, answer) && answer.kind === 'json')
      take(state, answer.value, { index: null, isFast: true })
  }
}

async function carryOut(state: DeviceState, task: Task): Promise<void> {
  const { plan, deps } = state
  if (task.kind === 'item') return readItem(state, task.item, task.index)
  const { step } = task
  const answer = await deps.client.get(step.path)
  if (step.limitsOf !== undefined) return noteLimits(state, answer, step.limitsOf)
  if (answer.kind === 'json') {
    heard(state, answer)
    if (step.role === 'root') noteRoot(state, answer.value)
    if (step.role === 'unit') noteUnit(state, answer.value)
    plan.found(step, answer.value, state.context)
    return
  }
  if (answer.kind === 'down' || step.role === 'root') {
    // Nothing is lost: the step is looked into again when the device answers.
    plan.retry(step)
    fail(state, answer.kind === 'gone' ? statusWords(404) : answer.why, retryAfter(answer))
    return
  }
  heard(state, answer)
}

/** Limits come second: what is refused counts for nothing, and a device that stops answering is not asked for more of them. */
function noteLimits(state: DeviceState, answer: Answer, place: LimitPlace): void {
  if (answer.kind === 'down') {
    heard(state, answer)
    return state.plan.dropLimits()
  }
  if (answer.kind !== 'json') return
  heard(state, answer)
  const refusals = createRejections<Refusal>()
  state.said.limits.push(limitsFor(answer.value, place, refusals))
  noteRefusals(state, refusals)
}

/** Looks, once after each look for equipment, for what keeps limits of the values in this answer. */
function lookForLimits(state: DeviceState, { path }: Item, answer: Json): void {
  if (state.lookedBehind.has(path)) return
  state.lookedBehind.add(path)
  if (typeOf(answer) !== 'Sensor') return state.plan.look(limitSteps(answer))
  const refusals = createRejections<Refusal>()
  const own = limitsOfPoint(answer, refusals)
  if (own !== null) state.said.limits.push(own)
  noteRefusals(state, refusals)
}

const retryAfter = (answer: Answer): number | null =>
  answer.kind === 'down' ? answer.retryAfterMs : null

async function readItem(state: DeviceState, item: Item, index: number): Promise<void> {
  const { plan, deps } = state
  const answer = await deps.client.get(item.path)
  // Also when the device was silent: one resource that hangs must not keep the others waiting.
  plan.asked(item, state.tickMs)
  if (answer.kind === 'down') return void heard(state, answer)
  const isFolded = item.members.length > 0
  if (isFolded && (answer.kind !== 'json' || !isUnfolded(answer.value))) {
    state.context = { ...state.context, expand: null }
    return plan.unfold(item)
  }
  if (answer.kind === 'gone') plan.gone(item, deps.nowMs())
  if (!heard(state, answer) || answer.kind !== 'json') return
  take(state, answer.value, { index, isFast: item.isFast })
  lookForLimits(state, item, answer.value)
}

/** Whether the members themselves came, and not only their links. */
const isUnfolded = (answer: Json) =>
  children(answer, 'Members').every((member) => word(member, '@odata.type') !== '')

function noteRoot(state: DeviceState, root: Json): void {
  state.lookedBehind.clear()
  state.context = { ...state.context, expand: expandOf(root) }
  state.eventService = state.deps.client.ownPath(linkOf(root, 'EventService'))
  const version = word(root, 'RedfishVersion')
  if (version !== '') state.tool['tool_version'] = version.slice(0, 64)
}

function noteUnit(state: DeviceState, unit: Json): void {
  const version = word(unit, 'FirmwareVersion')
  if (version !== '') state.tool['firmware_version'] ??= version.slice(0, 64)
}

/** Keeps count of what answers mean for the device as a whole; false when nothing came. */
function heard(state: DeviceState, answer: Answer): boolean {
  if (answer.kind === 'down') {
    fail(state, answer.why, answer.retryAfterMs)
    return false
  }
  if (answer.kind === 'refused') {
    const { reason, detail } = answer.why
    refuse(state, reason, detail)
    state.refusedInRow++
    if (state.refusedInRow >= REFUSED_IN_ROW) fail(state, answer.why, null)
    return false
  }
  state.refusedInRow = 0
  state.waitMs = 0
  state.failure = null
  return answer.kind === 'json'
}

/** The next question waits, longer each time and never in step with other devices (decorrelated jitter). */
function fail(state: DeviceState, why: Unread, retryAfterMs: number | null): void {
  const { nowMs, random } = state.deps
  const span = Math.max(RETRY_BASE_MS, state.waitMs) * 3 - RETRY_BASE_MS
  state.waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS + random() * span)
  state.notBeforeMs = nowMs() + (retryAfterMs ?? state.waitMs)
  state.failure = why
}

function refuse(state: DeviceState, reason: string, line: string, count = 1): void {
  const { rejected, rejectedByReason } = state.said
  rejectedByReason[reason] = (rejectedByReason[reason] ?? 0) + count
  if (rejected.length < EXAMPLES) rejected.push({ line: line.slice(0, 512), reason })
}

function noteRefusals(state: DeviceState, refusals: Rejections<Refusal>): void {
  for (const [reason, count] of Object.entries(refusals.byReason())) {
    const example = refusals.examples().find((one) => one.reason === reason)
    refuse(state, reason, example?.line ?? '', count)
  }
}

/** The readings of an answer, less the values that a better resource gives. */
function take(
  state: DeviceState,
  answer: Json,
  { index, isFast }: { readonly index: number | null; readonly isFast: boolean },
): void {
  const { meters, refusals, ignored } = parseAnswer(answer)
  const { said, deps } = state
  said.answers++
  noteRefusals(state, refusals)
  for (const name of ignored) if (said.ignored.size < 256) said.ignored.add(name)
  const stepMs = Math.max(deps.config.full_every, state.everyMs)
  const owner = index === null ? null : { index, atMs: deps.nowMs() }
  for (const reading of meters) {
    const own = ownValues(state, reading, owner)
    if (own !== null) said.meters.push(isFast ? own : { ...own, stepMs })
  }
}

/** What was asked for out of turn (no owner) is believed, and changes nothing about who is believed later. */
function ownValues(
  { owners }: DeviceState,
  reading: MeterReading,
  own: Owner | null,
): MeterReading | null {
  if (own === null) return reading
  const ofPoint = owners.get(reading.point) ?? {}
  owners.set(reading.point, ofPoint)
  const names = metricNames(reading)
  const owned = names.filter((name) => {
    const owner = ofPoint[name]
    if ((reading.metrics[name] ?? null) === null) return false
    if (owner !== undefined && owner.index < own.index && own.atMs - owner.atMs < OWNED_MS)
      return false
    ofPoint[name] = own
    return true
  })
  if (owned.length === names.length) return reading
  if (owned.length === 0) return null
  const metrics: MeterMetricValues = {}
  for (const name of owned) metrics[name] = reading.metrics[name] ?? null
  return { ...reading, metrics }
}

function handOver(state: DeviceState): Interpretation {
  const { said, failure, plan } = state
  state.said = nothingSaid()
  const notes = {
    rejected: said.rejected,
    rejectedByReason: said.rejectedByReason,
    ignored: [...said.ignored],
    toolLabels: { ...state.tool },
    ...(said.limits.length === 0 ? {} : { limits: said.limits }),
  }
  const silent = (why: Unread) => ({ ...unread(SOURCE_NAME, why), ...notes })
  if (said.answers > 0) state.hasRead = true
  if (said.answers === 0) {
    if (failure !== null) return silent(failure)
    if (!state.hasRead)
      return silent(plan.isExplored() && plan.size() === 0 ? NO_METERS : NOT_ASKED_YET)
  }
  const meters = mergePoints(said.meters)
  return { ...silent(NOT_ASKED_YET), outcome: 'ok', reason: null, detail: null, meters }
}
