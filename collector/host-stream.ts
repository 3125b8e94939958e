import { type ChildProcess, spawn } from 'node:child_process'
import { endProcess, startFailure, toolEnvironment } from './host-command.ts'
import type { CommandStream } from './source.ts'

/** Between asking a tool to end and ending it, ms. */
const KILL_AFTER_MS = 1000

export interface StreamLimits {
  readonly maxLines: number
  readonly maxLineBytes: number
}

/** Keeps tools running whose lines are read as they come; see SourceIo.stream. */
export interface StreamRunner {
  start(command: string, args: readonly string[], limits: StreamLimits): CommandStream | 'busy'
  /** Ends every stream by force. */
  stop(): void
}

/** Streams of this process: at most one per command, counted until the process is really gone. */
export function createStreamRunner(environment: NodeJS.ProcessEnv = process.env): StreamRunner {
  const children = new Map<string, ChildProcess>()
  return {
    start(command, args, limits) {
      if (children.has(command)) return 'busy'
      const child = spawn(command, args, {
        shell: false,
        // A group of its own, so that what a wrapper script started ends with it.
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: toolEnvironment(environment),
      })
      children.set(command, child)
      return follow(child, limits, () => children.delete(command))
    },
    stop() {
      for (const child of children.values()) endProcess(child, 'SIGKILL')
    },
  }
}

function follow(child: ChildProcess, limits: StreamLimits, onGone: () => void): CommandStream {
  const buffer = createLineBuffer(limits)
  const gone = Promise.withResolvers<void>()
  let ended: ReturnType<CommandStream['ended']> = null
  const finish = (end: NonNullable<typeof ended>) => {
    if (ended !== null) return
    ended = end
    onGone()
    gone.resolve()
  }
  child.stdout?.on('data', (chunk: Uint8Array) => buffer.add(chunk))
  // Tools of this kind print their errors to stdout; what else comes is drained so that none blocks.
  child.stderr?.on('data', (chunk: Uint8Array) => buffer.add(chunk))
  child.on('error', (error) => finish({ failure: startFailure(error), exitCode: null }))
  child.on('exit', (exitCode) => finish({ failure: 'exited', exitCode }))
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
        child.unref()
        void gone.promise.then(() => clearTimeout(timer))
      }
      return gone.promise
    },
  }
}

interface LineBuffer {
  add(chunk: Uint8Array): void
  take(): { readonly lines: readonly string[]; readonly dropped: number }
}

/** Whole lines of a byte stream, the newest ones when nobody takes them. */
export function createLineBuffer({ maxLines, maxLineBytes }: StreamLimits): LineBuffer {
  const decoder = new TextDecoder()
  let lines: string[] = []
  let rest = ''
  let dropped = 0
  let isOverlong = false
  return {
    add(chunk) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const line of parts) {
        if (isOverlong || line.length > maxLineBytes) dropped += 1
        else lines.push(line)
        isOverlong = false
      }
      if (rest.length > maxLineBytes) {
        isOverlong = true
        rest = ''
      }
      if (lines.length > maxLines) {
        dropped += lines.length - maxLines
        lines = lines.slice(-maxLines)
      }
    },
    take() {
      const taken = { lines, dropped }
      lines = []
      dropped = 0
      return taken
    },
  }
}
