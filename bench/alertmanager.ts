/**
 * A real Alertmanager (Debian's prometheus-alertmanager, which must be installed) is sent an alert, holds it while it
 * fires, takes its worse severity, and resolves it; and tells a webhook so. Prints what its API says at each step.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { Journal, JournalBody, JournalEntry } from '#schemas/journal.ts'
import { createDelivery } from '../alerts/deliver/delivery.ts'
import { note, queued } from '../alerts/deliver/deliver.testing.ts'
import { anAlert } from '../alerts/message/message.testing.ts'

const PROGRAM = '/usr/bin/prometheus-alertmanager'
const GROUP = `grp_${'a'.repeat(32)}`

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const Listed = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    status: z.object({ state: z.string() }),
    endsAt: z.string(),
  }),
)
const Told = z.object({
  status: z.string(),
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
})

async function main(): Promise<void> {
  if (!existsSync(PROGRAM)) {
    console.log(`${PROGRAM} is not installed: apt-get install prometheus-alertmanager`)
    process.exitCode = 1
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-alertmanager-'))
  const port = await freePort()
  const told: z.infer<typeof Told>[] = []
  const hook = createServer((request, answer) => {
    let text = ''
    request.on('data', (part) => (text += String(part)))
    request.on('end', () => {
      told.push(Told.parse(JSON.parse(text)))
      answer.end()
    })
  }).listen(0, '127.0.0.1')
  await once(hook, 'listening')
  const { port: hookPort } = hook.address() as AddressInfo
  const config = join(folder, 'alertmanager.yml')
  await writeFile(
    config,
    `route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 1s}
receivers: [{name: hook, webhook_configs: [{url: "http://127.0.0.1:${hookPort}/", send_resolved: true}]}]
`,
  )
  const args = [
    `--config.file=${config}`,
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]
  const child = spawn(PROGRAM, args, { stdio: 'ignore' })
  try {
    await steps(port, told)
  } finally {
    child.kill()
    await once(child, 'exit')
    hook.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function steps(port: number, told: readonly z.infer<typeof Told>[]): Promise<void> {
  const base = `http://127.0.0.1:${port}`
  const until = async (what: string, isSo: () => Promise<boolean>) => {
    for (let tries = 0; tries < 150; tries++) {
      if (await isSo().catch(() => false)) return
      await sleep(100)
    }
    throw new Error(`after 15 s still not: ${what}`)
  }
  const list = async () => Listed.parse(await (await fetch(`${base}/api/v2/alerts`)).json())
  const status = await until('ready', async () => (await fetch(`${base}/-/ready`)).ok).then(
    async () => (await fetch(`${base}/api/v2/status`)).json(),
  )
  const { versionInfo } = z.object({ versionInfo: z.object({ version: z.string() }) }).parse(status)
  console.log(`Alertmanager ${versionInfo.version} at ${base}`)

  const sequence = { last: 0 }
  const append = (change: { at_ms: number; who: string; body: JournalBody }) => {
    const entry: JournalEntry = { ...change, sequence: (sequence.last += 1) }
    delivery.sender.apply([entry])
    return Promise.resolve(entry)
  }
  const delivery = deliveryTo(base, { append })
  delivery.start()
  const send = (reason: 'firing' | 'worse' | 'resolved', alert: ReturnType<typeof anAlert>) => {
    const nowMs = Date.now()
    const body = queued(
      [
        note(`${reason} ${nowMs}`, {
          channel: 'am',
          group: GROUP,
          reason,
          severity: alert.severity,
          at_ms: nowMs,
          not_before_ms: nowMs,
        }),
      ],
      [{ at_ms: nowMs, from: 'pending', alert }],
    )
    return append({ at_ms: nowMs, who: 'bench', body })
  }
  const since = { since_ms: Date.now() - 900_000, fired_ms: Date.now() - 600_000 }

  await send('firing', anAlert({ ...since, severity: 'warn' }))
  await until('it lists the alert', async () => (await list()).length === 1)
  await show('fires as a warning', list)

  await send('worse', anAlert(since))
  await until('one critical alert', async () => {
    const [only, ...others] = await list()
    return others.length === 0 && only?.labels['severity'] === 'critical'
  })
  await show('got worse: the warning ended', list)

  const before = (await list())[0]?.endsAt ?? ''
  await sleep(1_000)
  await delivery.keepAlive.beat()
  await until('its end moves', async () => ((await list())[0]?.endsAt ?? '') > before)
  await show('told again: it ends later', list)

  const nowMs = Date.now()
  await send('resolved', anAlert({ ...since, state: 'resolved', resolved_ms: nowMs }))
  await until('nothing fires', async () => (await list()).length === 0)
  await show('resolved', list)
  await until('it told its own receiver', () => Promise.resolve(told.at(-1)?.status === 'resolved'))
  console.log('what it told its own receiver:')
  for (const { status: state, alerts } of told)
    console.log(
      `  ${state}: ${alerts.map((one) => `${one.labels['alertname']} ${one.labels['severity']} ${one.status}`).join(', ')}`,
    )
  await delivery.stop()
  console.log(`results: ${JSON.stringify(delivery.sender.status())}`)
}

async function show(step: string, list: () => Promise<z.infer<typeof Listed>>): Promise<void> {
  console.log(`${step}:`)
  for (const { labels, annotations, status, endsAt } of await list())
    console.log(
      `  ${JSON.stringify(labels)} ${status.state} until ${endsAt} "${annotations['summary']}"`,
    )
}

function deliveryTo(base: string, journal: Pick<Journal, 'append'>) {
  const config = AlertsConfig.parse({
    public_url: 'https://plimsoll.example',
    allowed_hosts: [{ host: '127.0.0.1' }],
    channels: [{ name: 'am', kind: 'alertmanager', target: base }],
  })
  const log = (message: string, fields: unknown) => console.log(message, fields)
  return createDelivery({
    journal,
    config: () => config,
    environment: {},
    linkKey: new Uint8Array(32),
    runbookOf: (rule) => rule.replaceAll('_', '-'),
    logger: { info: log, warn: log, error: log },
    isWell: () => true,
  })
}

await main()
