import { type ChildProcess, spawn } from 'node:child_process'
import type { CommandResult } from './source.ts'

/** Between asking a tool to end and ending it, ms. */
const KILL_AFTER_MS = 1000

export interface CommandLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Runs tools one call at a time each; see createHost. */
export interface CommandRunner {
  run(command: string, args: readonly string[], limits: CommandLimits): Promise<CommandResult>
  /** Ends every call that is still running. */
  stop(): void
}

/**
 * Runs commands without a shell, in English, one call at a time per tool. A call always answers within its
 * time limit, even when the process cannot be killed (a driver call stuck in the kernel); until that process
 * is really gone, further calls of the tool answer `timeout` instead of piling up behind it.
 */
export function createCommandRunner(environment: NodeJS.ProcessEnv = process.env): CommandRunner {
  /** Tool -> settles when its last process is gone. */
  const queues = new Map<string, Promise<void>>()
  const children = new Set<ChildProcess>()
  return {
    async run(command, args, limits) {
      const startedMs = performance.now()
      const previous = queues.get(command) ?? Promise.resolve()
      const gone = Promise.withResolvers<void>()
      const tail = previous.then(() => gone.promise)
      queues.set(command, tail)
      void tail.then(() => (queues.get(command) === tail ? queues.delete(command) : false))
      if (!(await within(previous, limits.timeoutMs))) {
        gone.resolve()
        return failure('timeout')
      }
      const timeoutMs = Math.max(1, limits.timeoutMs - (performance.now() - startedMs))
      const child = begin(() => start(command, args, environment))
      if (typeof child === 'string') {
        gone.resolve()
        return failure(child)
      }
      children.add(child)
      return new Promise((resolve) => {
        follow(child, { ...limits, timeoutMs }, resolve, () => {
          children.delete(child)
          gone.resolve()
        })
      })
    },
    stop() {
      for (const child of children) endProcess(child, 'SIGKILL')
    },
  }
}

function start(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn(command, args, {
    shell: false,
    // A group of its own, so that what a wrapper script started ends with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(environment),
  })
}

/** What a vendor's tool gets to see: our own secrets are none of its business. */
export function toolEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const visible = Object.entries(environment).filter(
    ([name]) => !/^(PLIMSOLL|NATS)_|TOKEN|SECRET|PASSWORD|CREDENTIAL/i.test(name),
  )
  return { ...Object.fromEntries(visible), LC_ALL: 'C' }
}

/** Collects output and answers once: at the end, at a limit, or when the process cannot be started. */
function follow(
  child: ChildProcess,
  limits: CommandLimits,
  answer: (result: CommandResult) => void,
  gone: () => void,
): void {
  const out: Uint8Array[] = []
  const err: Uint8Array[] = []
  let bytes = 0
  let killTimer: NodeJS.Timeout | undefined
  const finish = (failed: CommandResult['failure'], exitCode: number | null) => {
    clearTimeout(timer)
    answer({ exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(err), failure: failed })
  }
  const abandon = (failed: 'timeout' | 'too_large') => {
    finish(failed, null)
    endProcess(child, 'SIGTERM')
    killTimer = setTimeout(() => endProcess(child, 'SIGKILL'), KILL_AFTER_MS)
    // Neither the pipes nor the process may hold our own exit.
    child.stdout?.destroy()
    child.stderr?.destroy()
    child.unref()
    killTimer.unref()
  }
  const timer = setTimeout(() => abandon('timeout'), limits.timeoutMs)
  const keep = (into: Uint8Array[]) => (chunk: Uint8Array) => {
    bytes += chunk.length
    if (bytes > limits.maxBytes) abandon('too_large')
    else into.push(chunk)
  }
  child.stdout?.on('data', keep(out))
  child.stderr?.on('data', keep(err))
  child.on('error', (error) => {
    // A signal that could not be sent is an error too, of a process that still runs.
    if (child.pid !== undefined) return
    finish(startFailure(error), null)
    gone()
  })
  child.on('exit', () => {
    clearTimeout(killTimer)
    gone()
  })
  child.on('close', (exitCode) => finish(null, exitCode))
}

type Failure = NonNullable<CommandResult['failure']>

/** Some failures to start are thrown (no memory for the process, a NUL in an argument), others are an event. */
export function begin(spawnChild: () => ChildProcess): ChildProcess | Failure {
  try {
    return spawnChild()
  } catch (error) {
    return (error instanceof Error ? startFailure(error) : null) ?? 'spawn_failed'
  }
}

/** Why a process could not be started. */
export function startFailure(error: NodeJS.ErrnoException): CommandResult['failure'] {
  if (error.code === 'ENOENT') return 'not_found'
  return error.code === 'EACCES' || error.code === 'EPERM' ? 'not_permitted' : 'spawn_failed'
}

/** Signals the process's whole group. */
export function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Its group is gone already, or not ours to end: the process itself is the last resort.
    child.kill(signal)
  }
}

function failure(failed: Failure): CommandResult {
  const nothing = new Uint8Array()
  return { exitCode: null, stdout: nothing, stderr: nothing, failure: failed }
}

/** True when the promise settles within the time. */
function within(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs)
    void promise.then(() => {
      clearTimeout(timer)
      resolve(true)
    })
  })
}
