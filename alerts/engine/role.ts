import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { AlertFacts, EventFeed, FleetEvent } from '#schemas/alerts/ports.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { ALERT_KINDS, type AlertState, foldAlerts, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Journal, JournalEntry } from '#schemas/journal.ts'
import type { Clock, Logger, Role } from '#schemas/role.ts'
import { SLICE_MS } from '../zones/slices.ts'
import {
  decide,
  type EngineMemory,
  NO_MEMORY,
  type PassInput,
  type Surroundings,
} from './decide.ts'
import { entriesOf } from './entries.ts'
import { fingerprintCache } from './fingerprint.ts'
import { gatherEvents, gatherSignals, gatherZones } from './gather.ts'
import { healthOf, type Numbers } from './role-health.ts'
import { childrenIn, type ChildrenOf } from './places.ts'

export const PASS_EVERY_MS = 15_000
/** Places change when people import them. */
const PLACES_EVERY_MS = 5 * 60_000
/** How often the store is asked for new events. */
const STORED_EVERY_MS = 3_000
/** Events that come together are looked at together. */
const EVENTS_WAIT_MS = 250
const ENTRIES_AT_ONCE = 256
/** The journal may go on meanwhile: imports, acknowledgements, results of the sender. */
const ATTEMPTS = 8
const EVENTS_WAITING_MAX = 200_000
const POLLS_MAX = 4

/** Delivers what is queued (alerts/deliver). */
export interface Delivery {
  apply(entries: readonly JournalEntry[]): void
  start(): void
  stop(): Promise<void>
  status(): { readonly waiting: number; readonly dead: number; readonly oldestMs: number }
}

export interface AlertsRoleDeps {
  readonly journal: Journal
  /** Null = no way to the store: events that are announced still page. */
  readonly facts: AlertFacts | null
  readonly feed: EventFeed | null
  readonly delivery: Delivery
  /** Asked at each pass, so that files may change. */
  readonly rules: () => readonly Rule[]
  readonly config: () => AlertsConfig
  readonly around: Pick<Surroundings, 'personOf' | 'render' | 'ruleWords'>
  /** Called once a minute while passes go on; tells an outside watcher. */
  readonly heartbeat?: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  /** Calls back once after `ms`; returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void
}

export interface AlertsRole extends Role {
  /** As of the last pass. */
  state(): AlertState
  /** One pass now, for tests and for `plimsoll alerts check`. */
  pass(): Promise<void>
}

/** `stored` and `announced` look at events only. */
type PassKind = 'all' | 'stored' | 'announced'
type Looked = Omit<PassInput, 'events'> & {
  /** How long reading took, ms by rule. */
  readonly readMs: ReadonlyMap<string, number>
}

/**
 * The evaluator: one at a time by a lease around this role. Its state is what the journal says; each pass is written with
 * the journal's last sequence expected, so that two evaluators that both believe in their lease cannot both act on one state.
 */
export function createAlertsRole(deps: AlertsRoleDeps): AlertsRole {
  const { journal, clock, log } = deps
  const fingerprint = fingerprintCache()
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>()
  const numbers: Numbers = {
    passes: 0,
    failures: 0,
    lastPassMs: 0,
    passSeconds: 0,
    failedRules: 0,
    droppedEvents: 0,
    heartbeatMs: 0,
    ruleSeconds: new Map(),
  }
  let state = NO_ALERT_STATE
  let memory: EngineMemory = NO_MEMORY
  let epoch = 0
  let waiting: FleetEvent[] = []
  let cursor: string | null = null
  let settledMs: number | null = null
  let sliced = 0
  /** The newest slice that brought a pass forward: one that cannot be evaluated does so once. */
  let hastened = 0
  let childrenOf: ChildrenOf = () => null
  let placesMs = -Infinity
  let evaluatedMs = new Map<string, number>()
  let turn: Promise<void> = Promise.resolve()
  let isRunning = false
  let isTroubled = false
  /** A full pass is under way. */
  let isPassing = false
  let cancelPass = () => {}
  let cancelPoll = () => {}
  let cancelEvents: (() => void) | null = null
  let unsubscribe = () => {}

  const catchUp = async () => {
    const last = await journal.last()
    while (state.last < last) {
      const entries = await journal.readFrom(state.last + 1, ENTRIES_AT_ONCE)
      if (entries.length === 0) break
      state = foldAlerts(state, entries)
      deps.delivery.apply(entries.filter(({ body }) => ALERT_KINDS.has(body.kind)))
    }
    if (state.epoch > epoch && epoch > 0)
      throw new PlimsollError('E_LEASE_LOST', 'another process evaluates alerts now')
  }

  const surroundings = (): Surroundings => {
    const config = deps.config()
    const { time_zone: timeZone } = config
    return {
      ...deps.around,
      rules: deps.rules(),
      config,
      timeZone,
      fingerprint,
      childrenOf,
      stopwatch: () => performance.now(),
    }
  }

  /** Decides on what was found and writes it, again on a newer state when the journal went on meanwhile. */
  const settle = async (input: PassInput & Looked) => {
    for (let attempt = 1; ; attempt += 1) {
      const decision = decide(state, memory, input, surroundings(), clock())
      numbers.failedRules = decision.failed.size
      countSeconds(input, decision.tookMs)
      const { transitions, notifications, forgotten } = decision
      const isEmpty = transitions.length + notifications.length + forgotten.length === 0
      try {
        if (!isEmpty) await write(entriesOf({ ...decision, epoch, cursor: input.cursor }))
        memory = decision.memory
        return
      } catch (error) {
        const isRace = error instanceof PlimsollError && error.code === 'E_JOURNAL_CHANGED'
        if (!isRace || attempt >= ATTEMPTS) throw error
        await catchUp()
      }
    }
  }
  const countSeconds = (
    { readMs }: { readonly readMs: Looked['readMs'] },
    tookMs: ReadonlyMap<string, number>,
  ) => {
    const inForce = new Set(deps.rules().map(({ name }) => name))
    for (const name of numbers.ruleSeconds.keys())
      if (!inForce.has(name)) numbers.ruleSeconds.delete(name)
    for (const [name, ms] of tookMs)
      if (inForce.has(name)) numbers.ruleSeconds.set(name, ((readMs.get(name) ?? 0) + ms) / 1000)
  }
  const write = async (bodies: ReturnType<typeof entriesOf>) => {
    for (const body of bodies) {
      const change = { at_ms: clock(), who: 'alerts', body }
      const entry = await journal.append(change, { expectedLast: state.last })
      state = foldAlerts(state, [entry])
      deps.delivery.apply([entry])
    }
  }

  const takeEvents = (events: readonly FleetEvent[]) => {
    const room = EVENTS_WAITING_MAX - waiting.length
    waiting.push(...events.slice(0, room))
    numbers.droppedEvents += Math.max(0, events.length - room)
  }

  /** What the store says; asked outside of the turn, so that announced events never wait for a store that hangs. */
  const look = async (kind: PassKind): Promise<Looked> => {
    const nothing: Looked = {
      signals: new Map(),
      readMs: new Map(),
      zones: null,
      behindMs: null,
      cursor: null,
    }
    const { facts } = deps
    if (facts === null || kind === 'announced') return nothing
    const polled = { ...nothing, cursor: await poll(facts) }
    if (kind === 'stored') return polled
    const rules = deps.rules().filter(({ enabled }) => enabled)
    return { ...polled, ...(await figures(facts, rules, clock())) }
  }
  const evaluate = async (kind: PassKind, looked: Looked) => {
    // Only what is written moves it: a pass without news reads the same minute again.
    if (!isRunning || (kind === 'stored' && waiting.length === 0)) return
    const startedMs = performance.now()
    await catchUp()
    const nowMs = clock()
    const rules = deps.rules().filter(({ enabled }) => enabled)
    const taken = waiting
    waiting = []
    try {
      const events = await gatherEvents(deps.facts, taken, { state, rules, nowMs })
      await settle({ ...looked, events })
      cursor = looked.cursor ?? cursor
    } catch (error) {
      // They have not been written down: the next pass looks at them again.
      waiting = [...taken, ...waiting].slice(0, EVENTS_WAITING_MAX)
      throw error
    }
    if (kind !== 'all') return
    numbers.passes += 1
    numbers.lastPassMs = clock()
    numbers.passSeconds = (performance.now() - startedMs) / 1000
  }

  /** Reads stored events from where the last pass that was written ended; the cursor to go on from. */
  const poll = async (facts: AlertFacts): Promise<string | null> => {
    let at = cursor ?? state.cursor
    for (let read = 0; read < POLLS_MAX; read += 1) {
      const page = await facts.eventsAfter(at).catch(() => null)
      if (page === null) return at
      takeEvents(page.events)
      const isSame = page.cursor === at
      at = page.cursor
      if (isSame || page.events.length < 5_000) break
    }
    return at
  }

  const figures = async (facts: AlertFacts, rules: readonly Rule[], nowMs: number) => {
    const settled = await facts.settledUntilMs().catch(() => null)
    settledMs = settled ?? settledMs
    const values = rules.flatMap((rule) =>
      rule.lane === 'value' &&
      nowMs - (evaluatedMs.get(rule.name) ?? 0) >= rule.every * 1000 - PASS_EVERY_MS / 2
        ? rule
        : [],
    )
    if (nowMs - placesMs >= PLACES_EVERY_MS) await lookAround(facts, nowMs)
    const { signals, readMs } = await gatherSignals(facts, values, () => performance.now())
    for (const { name } of values) evaluatedMs.set(name, nowMs)
    const startedMs = performance.now()
    const zones = settled === null ? null : await zonesOf(facts, rules, settled)
    const zonesMs = performance.now() - startedMs
    const zoneRules = zones === null ? [] : rules.filter(({ lane }) => lane === 'zone')
    return {
      signals,
      readMs: new Map([...readMs, ...zoneRules.map(({ name }) => [name, zonesMs] as const)]),
      zones,
      behindMs: settledMs === null ? null : nowMs - settledMs,
    }
  }

  /** What stands where; what was known stays while the store does not answer. */
  const lookAround = async (facts: AlertFacts, nowMs: number) => {
    const nodes = await facts.places().catch(() => null)
    if (nodes === null) return
    placesMs = nowMs
    childrenOf = childrenIn(nodes)
  }

  const zonesOf = async (facts: AlertFacts, rules: readonly Rule[], settledUntilMs: number) => {
    const zoneRules = rules.filter(({ lane }) => lane === 'zone').map(({ name }) => name)
    const slice = Math.floor(settledUntilMs / SLICE_MS)
    if (zoneRules.length === 0 || slice <= sliced) return null
    const { zone_sets: given, time_zone: timeZone } = deps.config()
    const sets = given.length > 0 ? given : [DEFAULT_ZONE_SET]
    const zones = await gatherZones(facts, {
      sets,
      settledUntilMs,
      timeZone,
      rules: zoneRules,
      state,
    }).catch((error: unknown) => {
      log.warn('zones cannot be evaluated', { cause: String(error) })
      return null
    })
    if (zones !== null) sliced = slice
    return zones
  }

  const pass = async (kind: PassKind): Promise<void> => {
    const looked = await look(kind)
    const done = turn.then(() => evaluate(kind, looked))
    turn = done.catch(() => undefined)
    return done
  }
  const failed = (error: unknown) => {
    numbers.failures += 1
    if (error instanceof PlimsollError && error.code === 'E_LEASE_LOST') {
      isRunning = false
      end(error)
      return
    }
    if (!isTroubled) log.error('alerts cannot be evaluated; trying again', { cause: String(error) })
    isTroubled = true
  }
  const well = () => {
    if (isTroubled) log.info('alerts are evaluated again')
    isTroubled = false
  }
  const beat = () => {
    if (deps.heartbeat === undefined || clock() - numbers.heartbeatMs < 60_000) return
    numbers.heartbeatMs = clock()
    deps
      .heartbeat()
      .catch((error: unknown) => log.warn('heartbeat failed', { cause: String(error) }))
  }
  const loop = () => {
    const startedMs = performance.now()
    isPassing = true
    void pass('all')
      .then(() => (well(), beat()), failed)
      .then(() => {
        isPassing = false
        if (!isRunning) return
        const restMs = PASS_EVERY_MS - (performance.now() - startedMs)
        cancelPass = deps.after(Math.max(100, restMs), loop)
      })
  }
  const hasNewSlice = async (facts: AlertFacts): Promise<boolean> => {
    const settled = await facts.settledUntilMs().catch(() => null)
    const slice = Math.floor((settled ?? 0) / SLICE_MS)
    if (slice <= Math.max(sliced, hastened)) return false
    hastened = slice
    return true
  }
  /**
   * Between two full passes stored events are looked for by themselves; a slice that was settled meanwhile brings the
   * next full pass forward, because a zone's page must not wait for the clock.
   */
  const pollLoop = (facts: AlertFacts) => {
    const lookBetween = async () => {
      if (isPassing || !(await hasNewSlice(facts))) return pass('stored')
      if (!isRunning || isPassing) return
      cancelPass()
      loop()
    }
    cancelPoll = deps.after(STORED_EVERY_MS, () => {
      void lookBetween()
        .then(well, failed)
        .then(() => {
          if (isRunning) pollLoop(facts)
        })
    })
  }
  const announced = (events: readonly FleetEvent[]) => {
    takeEvents(events)
    if (!isRunning || cancelEvents !== null) return
    cancelEvents = deps.after(EVENTS_WAIT_MS, () => {
      cancelEvents = null
      void pass('announced').then(well, failed)
    })
  }

  return {
    name: 'alerts',
    ended,
    state: () => state,
    pass: () => pass('all'),
    async start() {
      await catchUp()
      epoch = state.epoch + 1
      evaluatedMs = new Map()
      isRunning = true
      unsubscribe = deps.feed?.subscribe(announced) ?? unsubscribe
      deps.delivery.start()
      loop()
      if (deps.facts !== null) pollLoop(deps.facts)
    },
    async stop() {
      isRunning = false
      unsubscribe()
      cancelPass()
      cancelPoll()
      cancelEvents?.()
      await turn
      await deps.delivery.stop()
    },
    health: () => healthOf({ numbers, state, delivery: deps.delivery.status(), isRunning, clock }),
  }
}
