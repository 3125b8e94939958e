import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import {
  eventRule,
  memoryJournal,
  surroundings,
  testConfig,
} from '../alerts/engine/engine.testing.ts'
import { createAlertsRole } from '../alerts/engine/role.ts'
import { openDirectBus } from '../ingest/bus/direct-publisher.ts'
import { fleetKey } from '../ingest/identity/device-id.ts'
import { createIdentityRegistry } from '../ingest/identity/registry.ts'
import type { AlertFacts, FleetEvent } from '#schemas/alerts/ports.ts'
import type { EventRecord } from '#schemas/records.ts'
import { directFeed } from './event-feed.ts'

const NOW = 1_800_000_000_000
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const fault = (key: string | null): EventRecord => ({
  kind: 'event',
  at_ms: NOW,
  node: 'n1',
  device_key: key,
  source: 'npu-smi',
  type: 'xid',
  code: '79',
  severity: 'critical',
  edge: 'open',
  message: 'gone',
})

/** The device that ingest stores with an event: see eventRow of ingest/worker. */
const registry = createIdentityRegistry([])
const stored = (record: EventRecord): FleetEvent => {
  const { kind: _event, device_key: key, ...event } = record
  const known = key === null ? null : fleetKey('east', key, null)
  const device = known === null ? '' : String(registry.lookup(known))
  return { ...event, cluster: 'east', collector: 'c-1', device }
}

it('announced and stored are one event: one alert, told once', async () => {
  // Seen in its slot first, then with a serial number: the device keeps the name of the slot.
  registry.identify(['slot:east/n1/0/0'], NOW)
  registry.identify(['serial:A', 'slot:east/n1/0/0'], NOW)
  registry.identify(['uuid:GPU-1'], NOW)
  const renamed = new Map([['serial:A', String(registry.lookup('serial:A'))]])
  const faults = ['serial:A', 'slot:n1/0/0', 'uuid:GPU-1', null].map(fault)

  const bus = openDirectBus({ cluster: 'east', collector: 'c-1' })
  const { feed } = await directFeed(() => [bus])((key) => renamed.get(key) ?? null)
  const heard: FleetEvent[] = []
  feed.subscribe((events) => heard.push(...events))
  const table: FleetEvent[] = []
  const journal = memoryJournal()
  const rules = [eventRule({ severity: 'page', urgent: true })]
  const config = testConfig()
  const no = () => Promise.reject(new Error('not here'))
  const facts: AlertFacts = {
    zoneScopes: no,
    zoneSlices: no,
    places: no,
    plans: no,
    scheduler: async () => null,
    settledUntilMs: no,
    signal: no,
    explain: no,
    contingency: no,
    lossPerHour: no,
    standing: async () => new Map(),
    eventsAfter: async () => ({ events: table, cursor: '' }),
  }
  const role = createAlertsRole({
    journal,
    facts,
    feed,
    delivery: {
      apply: () => undefined,
      start: () => undefined,
      stop: async () => undefined,
      status: () => ({ waiting: 0, dead: 0, oldestMs: 0 }),
    },
    rules: () => rules,
    config: () => config,
    around: surroundings(rules, config, () => NOW + 1_000),
    clock: () => NOW + 1_000,
    log: quiet,
    after: () => () => undefined,
  })
  await role.start()
  await setTimeout(20)
  bus.publisher.announce?.(faults)
  await role.pass()
  expect(heard).toEqual(faults.map(stored))
  // Serial and slot are the same device, and the last is about its node.
  expect(role.state().alerts.size).toBe(3)
  const told = () =>
    journal.entries.flatMap(({ body }) => (body.kind === 'alerts' ? body.notifications : []))
  const before = told()
  expect(before.length).toBeGreaterThan(0)
  table.push(...faults.map(stored))
  await role.pass()
  await role.pass()
  expect(told()).toEqual(before)
  expect(role.state().alerts.size).toBe(3)
  await role.stop()
})
