import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { stringify } from 'yaml'
import {
  childrenOf,
  freePort,
  type Plimsoll,
  startPlimsoll,
  tempFolder,
} from './process.testing.ts'

/** `plimsoll all` whose engine is stopped (SIGSTOP): nothing is stored and no question answered. */

const HOOK = `whsec_${Buffer.from('frozen-secret-of-24-bytes-or-more-').toString('base64')}`
let all: Plimsoll | null = null
let xid = 0
const messages: string[] = []

const page = createServer((_request, answer) => {
  const labels =
    'gpu="0",UUID="GPU-11111111-1111-1111-1111-111111111111",modelName="NVIDIA H100",Hostname="frozen-n1"'
  answer.end(`# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{${labels}} 50
# TYPE DCGM_FI_DEV_XID_ERRORS gauge
DCGM_FI_DEV_XID_ERRORS{${labels},err_code="${xid}"} ${xid}
`)
})
const hook = createServer((request, answer) => {
  let body = ''
  request.on('data', (part) => (body += String(part)))
  request.on('end', () => {
    messages.push(body)
    answer.writeHead(204).end()
  })
})
afterAll(async () => {
  await all?.kill()
  for (const server of [page, hook]) {
    server.closeAllConnections()
    server.close()
  }
})

async function portOf(server: typeof page): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

it('a fault is at its receiver within 10 s while the store hangs', async () => {
  const folder = await tempFolder()
  const [targetPort, hookPort, port] = [await portOf(page), await portOf(hook), await freePort()]
  const alerts = join(folder.path, 'alerts.yaml')
  await writeFile(
    alerts,
    stringify({
      public_url: 'https://plimsoll.example',
      allowed_hosts: [{ host: '127.0.0.1' }],
      channels: [
        {
          name: 'hook',
          kind: 'webhook',
          target: `http://127.0.0.1:${hookPort}/`,
          secret_env: 'HOOK',
        },
      ],
      routes: [{ severities: ['page', 'warn', 'ticket', 'data'], channels: ['hook'] }],
      operations: ['hook'],
    }),
  )
  const config = join(folder.path, 'collector.yaml')
  const source = { interval: '1s', targets: [`127.0.0.1:${targetPort}`] }
  await writeFile(config, stringify({ sources: { 'dcgm-exporter': source } }))
  const files = ['--config', config, '--alerts', alerts]
  const args = ['all', '--data', folder.path, '--port', String(port), ...files]
  all = startPlimsoll(args, { env: { HOOK } })
  await all.says(/Plimsoll is up/, 60_000)
  // The device is read and stored; then its store stops answering.
  await setTimeout(8_000)
  const engines = childrenOf(all.pid)
  expect(engines.length).toBeGreaterThan(0)
  for (const pid of engines) process.kill(pid, 'SIGSTOP')
  await setTimeout(1_000)
  xid = 79
  messages.length = 0
  await expect
    .poll(() => messages.some((body) => body.includes('frozen-n1')), {
      timeout: 10_000,
      interval: 50,
    })
    .toBe(true)
  expect(messages.join()).toContain('device_fault')
  for (const pid of engines) process.kill(pid, 'SIGCONT')
  await all.kill()
  await folder.remove()
}, 120_000)
