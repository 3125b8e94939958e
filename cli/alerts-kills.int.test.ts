import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Notification } from '#schemas/alerts/alert.ts'
import { foldAlerts, NO_ALERT_STATE } from '#schemas/alerts/state.ts'
import type { JournalEntry } from '#schemas/journal.ts'
import {
  eventsFile,
  KILL_EPOCH,
  killEvent,
  openJournal,
  SPEED,
  storedEvents,
  storeEvent,
} from './alerts-kills.testing.ts'
import { tempFolder } from './process.testing.ts'

const KILLS = 20
const script = fileURLToPath(new URL('alerts-kills.testing.ts', import.meta.url))

async function start(directory: string, sinceMs: number): Promise<ChildProcess> {
  const child = fork(script, [directory, String(sinceMs)], { execArgv: [] })
  await once(child, 'message')
  return child
}

async function entriesIn(directory: string): Promise<JournalEntry[]> {
  const journal = await openJournal(directory)
  const all: JournalEntry[] = []
  for (;;) {
    const some = await journal.readFrom(all.length + 1, 256)
    if (some.length === 0) break
    all.push(...some)
  }
  await journal.close()
  return all
}

it(`the evaluator is killed ${KILLS} times while events come: none is lost, none is told twice`, async () => {
  const folder = await tempFolder()
  const directory = folder.path
  writeFileSync(eventsFile(directory), '')
  const sinceMs = Date.now()
  let count = 0
  /** Announced and stored, only announced first, or only stored: as chance has it on the real bus. */
  const happen = (child: ChildProcess) => {
    const event = killEvent((count += 1), KILL_EPOCH + (Date.now() - sinceMs) * SPEED)
    if (count % 3 !== 0 && child.connected) child.send(event, () => undefined)
    storeEvent(directory, event)
  }
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = await start(directory, sinceMs)
    const aliveMs = 20 + Math.random() * 400
    for (const startedMs = Date.now(); Date.now() - startedMs < aliveMs;) {
      happen(child)
      await setTimeout(15)
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const last = await start(directory, sinceMs)
  happen(last)
  // The longest wait between two messages of a group is 5 minutes.
  await setTimeout((360_000 / SPEED) * 1.5)
  last.kill('SIGKILL')
  await once(last, 'exit')

  const entries = await entriesIn(directory)
  const state = foldAlerts(NO_ALERT_STATE, entries)
  const alerts = [...state.alerts.values()].map(({ alert }) => alert)
  const devices = new Set(storedEvents(directory).map(({ device }) => device))
  expect(devices.size).toBe(count)
  expect(new Set(alerts.map(({ labels }) => labels.device))).toEqual(devices)
  expect(alerts.filter(({ state: now }) => now !== 'firing')).toEqual([])

  const told = entries.flatMap(({ body }) => (body.kind === 'alerts' ? body.notifications : []))
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
  for (const channel of ['pager', 'chat']) expectEachTold(told, channel, count)
  expect(state.epoch).toBeGreaterThanOrEqual(KILLS / 2)
  await folder.remove()
}, 150_000)

/** What a channel was told adds up to all alerts, and grows with every message. */
function expectEachTold(told: readonly Notification[], channel: string, count: number): void {
  const firing = told.filter(
    (one) => one.channel === channel && (one.reason === 'firing' || one.reason === 'more'),
  )
  // An escalation says the same again, and is no news.
  const sizes = firing.map(({ fingerprints, more }) => fingerprints.length + more)
  expect(sizes.at(-1), `${channel}: ${sizes.join(' ')}`).toBe(count)
  expect(sizes, channel).toEqual([...new Set(sizes)].toSorted((a, b) => a - b))
}
