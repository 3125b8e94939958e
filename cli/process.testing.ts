import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The `plimsoll` command as a person starts it: a process of its own, with its words kept. */
export interface Plimsoll {
  readonly pid: number
  /** Everything it wrote so far, both streams in the order they came. */
  log(): string
  isRunning(): boolean
  /** Resolves when the process has ended: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Waits for words in the log; rejects with the log when it ends or the time is over. */
  says(pattern: RegExp, waitMs?: number): Promise<void>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<number | string>
  /** kill -9 of the process and its children, and waits for the end. */
  kill(): Promise<void>
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Finished {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

const root = join(import.meta.dirname, '..')
const launcher = join(root, 'bin', 'plimsoll')
const SAYS_MS = 30_000
/** A log longer than this keeps its end. */
const LOG_CHARS = 1 << 20

const running = new Set<ChildProcess>()
// A test that dies must not leave its processes behind.
process.on('exit', () => {
  for (const child of running) signalGroup(child, 'SIGKILL')
})

/** Starts `plimsoll <args>` in a process group of its own, so that its engine can be killed with it. */
export function startPlimsoll(args: readonly string[], options: StartOptions = {}): Plimsoll {
  const child = launch(args, options, 'ignore')
  let log = ''
  const waiting = new Set<() => void>()
  const hear = (bytes: Buffer) => {
    log = (log + bytes.toString()).slice(-LOG_CHARS)
    for (const look of waiting) look()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const ended = endOf(child)
  return {
    pid: child.pid ?? 0,
    log: () => log,
    isRunning: () => running.has(child),
    ended,
    says: (pattern, waitMs = SAYS_MS) =>
      new Promise((resolve, reject) => {
        const finish = (error: Error | null) => {
          clearTimeout(timer)
          waiting.delete(look)
          if (error === null) resolve()
          else reject(error)
        }
        const look = () => pattern.test(log) && finish(null)
        const fail = (what: string) =>
          finish(new Error(`plimsoll ${args.join(' ')}: ${what}; waited for ${pattern}:\n${log}`))
        const timer = setTimeout(() => fail(`silent for ${waitMs} ms`), waitMs)
        waiting.add(look)
        void ended.then((code) => pattern.test(log) || fail(`ended with ${code}`))
        look()
      }),
    async stop() {
      if (running.has(child)) child.kill('SIGTERM')
      return ended
    },
    async kill() {
      signalGroup(child, 'SIGKILL')
      await ended
    },
  }
}

/** Runs `plimsoll <args>` to its end, with `input` on its standard input. */
export async function runPlimsoll(
  args: readonly string[],
  options: StartOptions & { readonly input?: string | Uint8Array } = {},
): Promise<Finished> {
  const child = launch(args, options, 'pipe')
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
  // A command that does not read its input ends before we have written it.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  const code = await endOf(child)
  return { code, stdout: await stdout, stderr: await stderr }
}

function launch(
  args: readonly string[],
  options: StartOptions,
  stdin: 'ignore' | 'pipe',
): ChildProcess {
  const child = spawn(launcher, [...args], {
    cwd: options.cwd ?? root,
    env: { ...outsideEnv(), ...options.env },
    stdio: [stdin, 'pipe', 'pipe'],
    detached: true,
  })
  running.add(child)
  return child
}

/** The environment without what would configure the commands under test. */
function outsideEnv(): NodeJS.ProcessEnv {
  const ours =
    /^(PLIMSOLL_|NATS_|CLICKHOUSE_|VITEST|NODE_OPTIONS$|NODE_ENV$|UV_THREADPOOL_SIZE$|TZ$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal ?? 'gone')
    })
    child.once('error', (error) => {
      running.delete(child)
      resolve(error.message)
    })
  })
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Gone already.
  }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

/** Process ids of the children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

/** A port of loopback that nothing listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port')),
      )
    })
  })
}

/** A folder that `remove` takes away again. */
export async function tempFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'plimsoll-process-'))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

/**
 * Asks again and again until the answer is neither null nor false; a probe that throws counts as no. Rejects
 * with `what` and the last complaint when the time is over.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | null | false> | T | null | false,
  waitMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + waitMs
  let complaint = 'it did not become true'
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== null && answer !== false) return answer
    } catch (error) {
      complaint = error instanceof Error ? error.message : String(error)
    }
    if (Date.now() > deadline) throw new Error(`waited ${waitMs} ms for ${what}: ${complaint}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
