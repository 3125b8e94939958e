import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openFileJournal } from '../ingest/bus/file-journal.ts'
import { testApp } from '../query/access/access.testing.ts'
import { DrillAnswer } from '#schemas/api-alert-drill.ts'
import { openAlerting } from './alerting.ts'
import { drill } from './alerts-drill.ts'

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
const ALERTS = `
public_url: http://localhost:8440
allowed_hosts: [{ host: hooks.site.example }]
channels:
  - { name: ops, kind: webhook, target: 'https://hooks.site.example/x', secret_env: OPS_SECRET }
routes:
  - { severities: [page], channels: [ops] }
`

it('sends a page marked DRILL over a running server and tells how soon it was acknowledged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-drill-'))
  const alertsFile = join(folder, 'alerts.yaml')
  await writeFile(alertsFile, ALERTS)
  const directory = join(folder, 'journal')
  const lock = () => Promise.resolve(() => Promise.resolve())
  const journal = await openFileJournal({ directory, log: quiet, lock })
  const settings = { alertsFile, rulesPath: undefined, timeZone: 'Asia/Shanghai', dataDir: folder }
  const { alerting, close } = await openAlerting({ settings, log: quiet, roles: [] })
  const { app } = await testApp({ journal, alerting })
  // The evaluator and on-call: both act as soon as the page is in the journal.
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.url !== '/api/v1/alerts/drill' || typeof payload !== 'string') return payload
    const [note] = DrillAnswer.parse(JSON.parse(payload)).notifications
    if (note === undefined) return payload
    expect(note.lines.en[0]).toContain('DRILL')
    const at_ms = note.at_ms + 1_500
    const result = { id: note.id, channel: 'ops', at_ms, attempt: 1, outcome: 'accepted' } as const
    const accepted = { ...result, status: 200, detail: '', next_ms: null, receipt: '' }
    const body = { kind: 'alert_deliveries' as const, results: [accepted] }
    await journal.append({ at_ms, who: 'alerts', body })
    const url = '/api/v1/alerts/ack'
    const headers = { host: 'localhost:8440' }
    const payloadOfAck = { group: note.group }
    const acked = await app.inject({ method: 'POST', url, headers, payload: payloadOfAck })
    expect(acked.statusCode).toBe(200)
    return payload
  })
  try {
    const server = await app.listen({ host: '127.0.0.1', port: 0 })
    const said: string[] = []
    const option = (name: string) => (name === 'server' ? server : undefined)
    const code = await drill({ option, env: {}, print: (line) => void said.push(line) })
    expect(said).toEqual([
      'DRILL sent to ops. Waiting for somebody to acknowledge it…',
      '  ops: accepted after 1.5 s',
      'Acknowledged by local after 0.0 s.',
    ])
    expect(code).toBe(0)
  } finally {
    await app.close()
    await close()
    await journal.close()
    await rm(folder, { recursive: true })
  }
})
