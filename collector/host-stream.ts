import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { begin, endProcess, startFailure, toolEnvironment } from './host-command.ts'
import { createLineBuffer } from './line-buffer.ts'
import type { CommandStream } from './source.ts'

/** Between asking a tool to end and ending it, ms. */
const KILL_AFTER_MS = 1000
/** What a process wrote just before it ended may still be in the pipe, ms. */
const LAST_WORDS_MS = 250

export interface StreamLimits {
  readonly maxLines: number
  readonly maxLineBytes: number
}

/** Keeps tools running whose lines are read as they come; see SourceIo.stream. */
export interface StreamRunner {
  start(command: string, args: readonly string[], limits: StreamLimits): CommandStream | 'busy'
  /** Ends every stream by force; none can be started afterwards. */
  stop(): void
}

/** How a process is started; injected so that a test can have one that ignores every signal. */
export type SpawnProcess = (
  command: string,
  args: readonly string[],
  options: SpawnOptions,
) => ChildProcess

/** Streams of this process: at most one per command, counted until the process is really gone. */
export function createStreamRunner(
  environment: NodeJS.ProcessEnv = process.env,
  spawnProcess: SpawnProcess = spawn,
): StreamRunner {
  const children = new Map<string, ChildProcess>()
  let isStopped = false
  const endAll = () => {
    for (const child of children.values()) endProcess(child, 'SIGKILL')
  }
  return {
    start(command, args, limits) {
      if (isStopped) return endedStream('spawn_failed')
      if (children.has(command)) return 'busy'
      const child = begin(() =>
        spawnProcess(command, args, {
          shell: false,
          // A group of its own, so that what a wrapper script started ends with it.
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe'],
          env: toolEnvironment(environment),
        }),
      )
      if (typeof child === 'string') return endedStream(child)
      // A detached group outlives us unless we end it, however this process comes to its end.
      if (children.size === 0) process.on('exit', endAll)
      children.set(command, child)
      return follow(child, limits, () => {
        children.delete(command)
        if (children.size === 0) process.off('exit', endAll)
      })
    },
    stop() {
      isStopped = true
      endAll()
    },
  }
}

type Ended = ReturnType<CommandStream['ended']>
type Failure = Exclude<NonNullable<Ended>['failure'], 'exited'>

function endedStream(failure: NonNullable<Failure>): CommandStream {
  return {
    take: () => ({ lines: [], dropped: 0 }),
    ended: () => ({ failure, exitCode: null }),
    stop: () => Promise.resolve(),
  }
}

function follow(child: ChildProcess, limits: StreamLimits, onGone: () => void): CommandStream {
  const buffer = createLineBuffer(limits)
  const gone = Promise.withResolvers<void>()
  let ended: Ended = null
  const finish = (end: NonNullable<Ended>) => {
    if (ended !== null) return
    buffer.end()
    ended = end
    // A grandchild may hold the pipes open for ever.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const leave = () => {
    onGone()
    gone.resolve()
  }
  // Tools of this kind print their errors to stdout; what else comes is read too, so that none blocks.
  for (const pipe of [child.stdout, child.stderr]) {
    const add = buffer.pipe()
    pipe?.on('data', (chunk: Uint8Array) => add(chunk))
    pipe?.on('error', () => pipe.destroy())
    detach(pipe)
  }
  child.unref()
  child.on('error', (error) => {
    // A signal that could not be sent is an error too, of a process that still runs.
    if (child.pid !== undefined) return
    finish({ failure: startFailure(error), exitCode: null })
    leave()
  })
  child.on('exit', (exitCode) => {
    endGroup(child)
    const end = { failure: 'exited', exitCode } as const
    const timer = setTimeout(() => finish(end), LAST_WORDS_MS)
    timer.unref()
    child.once('close', () => {
      clearTimeout(timer)
      finish(end)
    })
    leave()
  })
  let stopping = false
  return {
    take: () => buffer.take(),
    ended: () => ended,
    stop() {
      if (!stopping && ended === null) {
        stopping = true
        endProcess(child, 'SIGTERM')
        const timer = setTimeout(() => endProcess(child, 'SIGKILL'), KILL_AFTER_MS)
        timer.unref()
        void gone.promise.then(() => clearTimeout(timer))
      }
      return gone.promise
    },
  }
}

/** A pipe that is read must not hold our own exit. */
function detach(pipe: ChildProcess['stdout']): void {
  if (pipe && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
}

/** What a wrapper left behind when it ended: the tool itself would run beside its successor. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in the group, which is how it should be.
  }
}
