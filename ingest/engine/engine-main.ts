import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { PlimsollError } from '#schemas/errors.ts'
import { openEngine, requireThreads } from './chdb-engine.ts'
import { engineConfigXml } from './engine-config.ts'
import { ChildOrder, type ChildReport } from './handshake.ts'
import { prepareBodyFolder, removeOrphans } from './insert-body.ts'
import { createEngineServer } from './server.ts'

/**
 * The child process that owns the data directory. It lives as long as its stdin is open: the supervisor
 * closes it to stop, and when the supervisor dies the system closes it. Signals are ignored, because a
 * terminal's Ctrl-C and a service manager's TERM reach parent and child at once, and the parent still
 * has rows to insert.
 */
const DRAIN_MS_MAX = 15_000
/** How often rows are looked for whose client died before it named them. */
const ORPHANS_MS = 30_000

const report = (line: ChildReport) => process.stdout.write(`${JSON.stringify(line)}\n`)

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  requireThreads(process.env)
  const lines = createInterface({ input: process.stdin })
  const ended = new Promise<void>((done) => lines.once('close', done))
  const first = await new Promise<string>((done) => {
    lines.once('line', done)
    lines.once('close', () => done(''))
  })
  if (first === '') return
  const order = ChildOrder.parse(JSON.parse(first))
  const { engine, server, port, bodyFolder } = await open(order)
  report({ event: 'ready', port, version: engine.version })
  await ended
  const late = setTimeout(() => process.kill(process.pid, 'SIGKILL'), DRAIN_MS_MAX)
  await server.drain()
  engine.close()
  await rm(bodyFolder, { recursive: true, force: true })
  clearTimeout(late)
}

async function open(order: ChildOrder) {
  const dataDir = resolve(order.data_dir)
  const backups = join(dataDir, 'backups')
  await mkdir(backups, { recursive: true, mode: 0o700 })
  const config = join(dataDir, 'engine.xml')
  const limits = { memoryBytes: order.memory_bytes, markCacheBytes: order.mark_cache_bytes }
  await writeFile(config, engineConfigXml(limits, backups))
  const engine = await openEngine(join(dataDir, 'clickhouse'), config)
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
  const bodyFolder = await prepareBodyFolder(`plimsoll-engine-${hash}`, dataDir)
  setInterval(() => void removeOrphans(bodyFolder, isAlive), ORPHANS_MS).unref()
  const server = createEngineServer({
    engine,
    secret: order.secret,
    bodyFolder,
    onBroken: (message) => {
      process.stderr.write(`the engine gave up: ${message}\n`)
      process.kill(process.pid, 'SIGKILL')
    },
  })
  const port = await new Promise<number>((done, fail) => {
    server.http.once('error', fail)
    server.http.listen(order.port, '127.0.0.1', () => done(portOf(server.http.address())))
  })
  return { engine, server, port, bodyFolder }
}

/** Also where the process is another user's. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port was bound')
  return address.port
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const code = error instanceof PlimsollError ? error.code : null
  report({ event: 'failed', code, message: error instanceof Error ? error.message : String(error) })
  // Not process.exit(): the line above may still be on its way through the pipe.
  process.exitCode = 1
  process.stdin.destroy()
}
