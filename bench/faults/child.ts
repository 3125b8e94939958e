import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, closeSync, readFileSync } from 'node:fs'
import { childrenOf } from '../../cli/process.testing.ts'

export interface ProcessSpec {
  readonly name: string
  readonly command: string
  /** Asked for at every start: a restarted process may be told something else. */
  readonly args: () => readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Its words, both streams, appended. */
  readonly log: string
}

/** A process that is started again when it ends by itself, as systemd would. */
export interface Supervised {
  readonly name: string
  start(): void
  /** kill -9 of it and its children; resolves when it is gone. It stays down until start(). */
  kill(): Promise<void>
  /** To it and its children. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void
  /** Writes a line to its standard input; false when it does not run. */
  tell(line: string): boolean
  /** Gives the running process up: it is no longer restarted, and start() begins another one. */
  release(): Released | null
  isRunning(): boolean
  /** Resolves when the running process has ended; at once when none runs. */
  ended(): Promise<void>
  counts(): ProcessCounts
}

/** A process that runs on beside its successor. */
export interface Released {
  readonly ended: Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
}

export interface ProcessCounts {
  readonly starts: number
  /** Ends that nobody ordered. */
  readonly ownEnds: number
  /** Highest resident memory of the process, its children included, bytes. */
  readonly peakBytes: number
}

const RESTART_MS = 700
const all = new Set<ChildProcess>()
// A run that dies must not leave its processes behind.
process.on('exit', () => {
  for (const child of all) signalGroup(child, 'SIGKILL')
})

export function supervise(spec: ProcessSpec): Supervised {
  const counts = { starts: 0, ownEnds: 0, peakBytes: 0 }
  let running: { child: ChildProcess; ended: Promise<void> } | null = null
  let isWanted = false
  const watch = setInterval(() => look(), 500)
  watch.unref()
  const look = () => {
    if (running !== null) counts.peakBytes = Math.max(counts.peakBytes, memoryOf(running.child))
  }
  const launch = () => {
    if (!isWanted || running !== null) return
    counts.starts += 1
    const child = spawnLogged(spec)
    const ended = endOf(child)
    const own = { child, ended }
    running = own
    void ended.then(() => {
      if (running !== own) return
      running = null
      if (!isWanted) return
      counts.ownEnds += 1
      setTimeout(launch, RESTART_MS)
    })
  }
  return {
    name: spec.name,
    start() {
      isWanted = true
      launch()
    },
    async kill() {
      isWanted = false
      look()
      const killed = running
      if (killed === null) return
      signalGroup(killed.child, 'SIGKILL')
      await killed.ended
    },
    signal(signal) {
      if (signal === 'SIGTERM') isWanted = false
      if (running !== null) signalGroup(running.child, signal)
    },
    tell(line) {
      const stdin = running?.child.stdin
      return stdin?.writable === true && (stdin.write(`${line}\n`), true)
    },
    release() {
      look()
      const released = running
      running = null
      isWanted = false
      if (released === null) return null
      const { child, ended } = released
      return { ended, signal: (signal) => signalGroup(child, signal) }
    },
    isRunning: () => running !== null,
    ended: () => running?.ended ?? Promise.resolve(),
    counts: () => ({ ...counts }),
  }
}

function spawnLogged({ command, args, env, log }: ProcessSpec): ChildProcess {
  const file = openSync(log, 'a')
  const child = spawn(command, [...args()], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '16', TZ: 'UTC', ...env },
    stdio: ['pipe', file, file],
    detached: true,
  })
  closeSync(file)
  // It may be gone before it reads.
  child.stdin?.on('error', () => undefined)
  all.add(child)
  return child
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      all.delete(child)
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
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

/** Peak resident memory of a process and its children as Linux counts it, 0 elsewhere. */
function memoryOf({ pid }: ChildProcess): number {
  if (pid === undefined) return 0
  return [pid, ...childrenOf(pid)].reduce((sum, one) => sum + peakBytes(one), 0)
}

function peakBytes(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
