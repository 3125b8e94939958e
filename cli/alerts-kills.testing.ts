import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventRule, faultEvent, surroundings, testConfig } from '../alerts/engine/engine.testing.ts'
import { createAlertsRole } from '../alerts/engine/role.ts'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import type { AlertFacts, FleetEvent } from '#schemas/alerts/ports.ts'

/**
 * The evaluator over a file journal, as the process that alerts-kills.int.test.ts kills. Its time runs faster, so that the
 * intervals of minutes between messages pass. Events lie in a file, which is the table, and come in by IPC, announced.
 */

export const SPEED = 60
export const KILL_EPOCH = 1_800_000_000_000
export const killRule = () => eventRule({ severity: 'page', urgent: true, ends_after: 2_592_000 })
export const killEvent = (n: number, atMs: number): FleetEvent => faultEvent(`d${n}`, atMs)
export const eventsFile = (directory: string) => join(directory, 'events.jsonl')

/** Puts an event into the table. */
export const storeEvent = (directory: string, event: FleetEvent) =>
  appendFileSync(eventsFile(directory), `${JSON.stringify(event)}\n`)
/** Whole lines only: the last one may be on its way. */
export const storedEvents = (directory: string): FleetEvent[] =>
  readFileSync(eventsFile(directory), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): FleetEvent => JSON.parse(line))

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
export const openJournal = (directory: string) =>
  openFileJournal({
    directory: join(directory, 'journal'),
    log: quiet,
    lock: async () => async () => undefined,
  })

function factsOf(directory: string): AlertFacts {
  const no = () => Promise.reject(new Error('not here'))
  return {
    zoneScopes: no,
    zoneSlices: no,
    places: no,
    plans: no,
    scheduler: async () => null,
    settledUntilMs: no,
    signal: no,
    explain: no,
    contingency: no,
    lossPerHour: async () => null,
    standing: async () => new Map(),
    async eventsAfter(cursor) {
      const all = storedEvents(directory)
      return { events: all.slice(Number(cursor ?? 0)), cursor: String(all.length) }
    },
  }
}

/** Evaluates until it is killed. */
async function evaluate(directory: string, sinceMs: number): Promise<void> {
  const clock = () => KILL_EPOCH + Math.round((Date.now() - sinceMs) * SPEED)
  const rules = [killRule()]
  const config = testConfig()
  const handlers = new Set<(events: readonly FleetEvent[]) => void>()
  const role = createAlertsRole({
    journal: await openJournal(directory),
    facts: factsOf(directory),
    feed: {
      subscribe(handler) {
        handlers.add(handler)
        return () => handlers.delete(handler)
      },
    },
    delivery: {
      apply: () => undefined,
      start: () => undefined,
      stop: async () => undefined,
      status: () => ({ waiting: 0, dead: 0, oldestMs: 0 }),
    },
    rules: () => rules,
    config: () => config,
    around: surroundings(rules, config, clock),
    clock,
    log: quiet,
    after(ms, callback) {
      const timer = setTimeout(callback, Math.max(1, ms / SPEED))
      return () => clearTimeout(timer)
    },
  })
  await role.start()
  process.on('message', (event: FleetEvent) => {
    for (const handler of handlers) handler([event])
  })
  process.send?.('ready')
}

const [, script = '', directory, sinceMs] = process.argv
if (directory !== undefined && script.endsWith('alerts-kills.testing.ts'))
  await evaluate(directory, Number(sinceMs))
