import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ERRORS, type ErrorCode, PlimsollError } from '#schemas/errors.ts'
import { THREADS_MIN } from './chdb-engine.ts'
import { CHILD_TITLE, type ChildOrder, ChildReport } from './handshake.ts'

/** A running engine process. */
export interface EngineChild {
  readonly pid: number
  readonly port: number
  readonly version: string
  /** Resolves when the process is gone, with the reason in words. */
  readonly gone: Promise<string>
  /** Orders it to finish what runs and exit; kills it after `graceMs`. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>
  /** kill -9, for tests and for a process that does not listen. */
  kill(): void
}

const STDERR_CHARS_MAX = 4_000
/** First open of a large data directory after kill -9 took up to 1.6 s (measured). */
const READY_MS_MAX = 60_000

/** Starts the engine process and waits until it answers. Throws PlimsollError with what it met. */
export async function startChild(order: ChildOrder): Promise<EngineChild> {
  const entry = fileURLToPath(new URL('./engine-main.ts', import.meta.url))
  const spawned = spawn(process.execPath, [entry, CHILD_TITLE], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: childEnvironment(process.env),
  })
  const stderr = keepTail(spawned)
  const exited = new Promise<string>((resolve) => {
    spawned.once('error', (error) => resolve(error.message))
    spawned.once('close', (code, signal) => resolve(`exit ${signal ?? code}`))
  })
  const gone = exited.then((how) => `${how}${stderr() === '' ? '' : `: ${stderr()}`}`)
  spawned.stdin?.on('error', () => undefined)
  spawned.stdin?.write(`${JSON.stringify(order)}\n`)
  const report = await firstReport(spawned, gone)
  if (report.event !== 'ready') throw startError(report, `${report.message} ${stderr()}`, order)
  return {
    pid: spawned.pid ?? 0,
    port: report.port,
    version: report.version,
    gone,
    async stop(graceMs) {
      spawned.stdin?.end()
      const late = setTimeout(() => spawned.kill('SIGKILL'), graceMs)
      await gone
      clearTimeout(late)
    },
    kill: () => {
      spawned.kill('SIGKILL')
    },
  }
}

/** Only what Node and the engine need: nothing secret of ours is readable in there. */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']
  const child: NodeJS.ProcessEnv = {
    TZ: 'UTC',
    UV_THREADPOOL_SIZE: env['UV_THREADPOOL_SIZE'] ?? String(THREADS_MIN),
  }
  for (const name of kept) if (env[name] !== undefined) child[name] = env[name]
  return child
}

function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (text: string) => {
    tail = (tail + text).slice(-STDERR_CHARS_MAX)
  })
  return () => tail.trim()
}

/** Waits for the report; a failed child is awaited to its end so that all it said on stderr is known. */
async function firstReport(child: ChildProcess, gone: Promise<string>): Promise<ChildReport> {
  const failed = (message: string): ChildReport => ({ event: 'failed', code: null, message })
  const line = new Promise<ChildReport>((resolve) => {
    if (child.stdout === null) return resolve(failed('the engine process has no output'))
    createInterface({ input: child.stdout }).on('line', (text) => {
      const report = parseReport(text)
      if (report?.event === 'ready') resolve(report)
      if (report?.event === 'failed') void gone.then(() => resolve(report))
    })
  })
  const late = setTimeout(() => child.kill('SIGKILL'), READY_MS_MAX)
  const report = await Promise.race([
    line,
    // A turn later, so that a report read just before the end wins.
    gone.then(async (how) => {
      await new Promise((resolve) => setImmediate(resolve))
      return failed(`the engine process ended before it was ready (${how})`)
    }),
  ])
  clearTimeout(late)
  return report
}

function parseReport(text: string): ChildReport | null {
  try {
    return ChildReport.parse(JSON.parse(text))
  } catch {
    return null // the engine's own output
  }
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code)

function startError(
  report: Extract<ChildReport, { event: 'failed' }>,
  said: string,
  order: ChildOrder,
): PlimsollError {
  if (/Cannot lock file|Another server instance/.test(said)) {
    return new PlimsollError(
      'E_DATA_LOCKED',
      `another process uses ${order.data_dir}; stop it or choose another data directory`,
    )
  }
  if (/EADDRINUSE/.test(said)) {
    return new PlimsollError('E_PORT_TAKEN', `the engine's port ${order.port} is in use`)
  }
  if (report.code !== null && isErrorCode(report.code)) {
    return new PlimsollError(report.code, report.message)
  }
  return new PlimsollError('E_ENGINE_DIED', `the engine did not start: ${said.slice(0, 1_000)}`)
}
