import { spawn } from 'node:child_process'
import { atTheEnd } from './scratch.ts'

/** A server of another project that runs below the benchmark. */
export interface ServerProcess {
  readonly pid: number
  /** The end of what it wrote. */
  log(): string
  stop(): Promise<void>
}

const LOG_CHARS = 64 << 10
const READY_MS = 30_000
const STOP_MS = 20_000
const LOOK_MS = 50

/** Starts a program and waits until `isReady`; rejects with what it wrote when it ends first or takes too long. */
export async function startServer(
  program: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TZ: 'UTC', ...env },
  })
  let log = ''
  const hear = (bytes: Buffer) => (log = (log + bytes.toString()).slice(-LOG_CHARS))
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      log += error.message
      resolve()
    })
  })
  const forget = atTheEnd(() => child.kill('SIGKILL'))
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  const server: ServerProcess = {
    pid: child.pid ?? 0,
    log: () => log,
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      if (!isGone()) child.kill('SIGTERM')
      await ended
      clearTimeout(timer)
      forget()
    },
  }
  const untilMs = performance.now() + READY_MS
  while (!(await isReady().catch(() => false))) {
    const why = isGone() ? 'ended' : performance.now() > untilMs ? 'does not answer' : null
    if (why !== null) {
      await server.stop()
      throw new Error(`${program} ${why}:\n${log.slice(-2000)}`)
    }
    await pause(LOOK_MS)
  }
  return server
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
