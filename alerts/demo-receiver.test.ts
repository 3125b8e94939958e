import { expect, it } from 'vitest'
import { CHANNEL_KINDS } from '#schemas/alerts/channel-config.ts'
import { DemoMessage } from '#schemas/alerts/demo-message.ts'
import type { JournalEntry } from '#schemas/journal.ts'
import { note, queued } from './deliver/deliver.testing.ts'
import { createDelivery } from './deliver/delivery.ts'
import { createDemoReceiver, DEMO_ALERTS_CONFIG, DEMO_ENVIRONMENT } from './demo-receiver.ts'
import { AT } from './message/message.testing.ts'
import { configWarnings } from './roster/warnings.ts'

const quiet = { info: () => {}, warn: () => {}, error: () => {} }

it('every message of the demo is shown as its vendor would show it, and none leaves the machine', async () => {
  const config = DEMO_ALERTS_CONFIG('http://127.0.0.1:8440', 'Asia/Shanghai')
  const receiver = createDemoReceiver(() => AT)
  const entries: JournalEntry[] = []
  const { sender, heartbeat, keepAlive } = createDelivery({
    journal: {
      append: (change) => {
        const entry = { ...change, sequence: entries.length + 2 }
        entries.push(entry)
        return Promise.resolve(entry)
      },
    },
    config: () => config,
    environment: DEMO_ENVIRONMENT,
    linkKey: new Uint8Array(32),
    runbookOf: (rule) => rule,
    logger: quiet,
    isWell: () => true,
    clock: () => AT,
    receiver,
  })
  expect(heartbeat.lastMs()).toBeNull()
  const notes = config.channels.map(({ name }) =>
    note(name, { channel: name, mention: 'Wang Lei' }),
  )
  sender.apply([{ sequence: 1, at_ms: AT, who: 'alerts', body: queued(notes) }])
  sender.start()
  await sender.stop()
  await keepAlive.stop()
  const messages = receiver.messages()
  expect(new Set(messages.map(({ kind }) => kind))).toEqual(new Set(CHANNEL_KINDS))
  for (const message of messages) {
    expect(() => DemoMessage.parse(message)).not.toThrow()
    const shown = message.blocks.map(({ text }) => text).join('\n')
    expect(shown).toMatch(/58\.4 %/)
  }
  const results = entries.flatMap(({ body }) =>
    body.kind === 'alert_deliveries' ? body.results : [],
  )
  expect(results.every(({ outcome }) => outcome === 'accepted')).toBe(true)
  expect(configWarnings(config).map(({ code }) => code)).toEqual(['no_heartbeat'])
})
