import type { CommandResult, SourceIo } from '../../source.ts'
import { failureOfExit } from './failures.ts'
import type { LiveState } from './live-state.ts'
import { type NpuOutput, parseOutput } from './parse-output.ts'
import { type SideJob, nextJob, remember } from './side-jobs.ts'

export const MAX_BYTES = 1 << 20
export const CALL_MS = 10_000
const CALLS_PER_RUN = 32
const ATTEMPTS = 3

/** A bounded stretch of time for further calls of the tool. */
export interface SideWork {
  readonly state: LiveState
  readonly io: SourceIo
  readonly command: string
  /** Epoch ms of the read. */
  readonly nowMs: number
  /** Below this much time left no further call is begun, ms: each one initialises the driver anew. */
  readonly floorMs: number
  remainingMs(): number
  isCancelled(): boolean
}

/** Works off the queue, one call at a time, until the time is used up. */
export async function runSideJobs(work: SideWork): Promise<void> {
  const { state, nowMs } = work
  for (let calls = 0; calls < CALLS_PER_RUN; calls += 1) {
    const job = nextJob(state, nowMs)
    const remainingMs = work.remainingMs()
    if (job === null || remainingMs < work.floorMs || work.isCancelled()) return
    state.queue.shift()
    const answer = await ask(work, job, Math.min(CALL_MS, remainingMs))
    if (answer === null) {
      // Stopped or not started: no luck with the next card either. Later, and not for ever.
      if (job.attempts + 1 < ATTEMPTS) state.queue.push({ ...job, attempts: job.attempts + 1 })
      return
    }
    remember(state, job, answer, nowMs)
  }
}

async function ask(work: SideWork, job: SideJob, timeoutMs: number): Promise<NpuOutput | null> {
  const limits = { timeoutMs, maxBytes: MAX_BYTES }
  const result = await work.io.run(work.command, job.args, limits)
  if (result.failure !== null) return null
  const output = parseOutput(bestText(result))
  const byStatus = output.empty ? failureOfExit(result.exitCode) : null
  return byStatus === null ? output : { ...output, failures: [{ failure: byStatus, npu: job.npu }] }
}

/** The tool writes everything to stdout; only the loader and the shell use stderr. */
export function bestText(result: CommandResult): Uint8Array {
  return result.stdout.some((byte) => byte > 32) ? result.stdout : result.stderr
}
