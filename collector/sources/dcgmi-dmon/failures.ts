import type { Outcome } from '#schemas/reading.ts'
import { LIMITS } from './limits.ts'

/** What a text of the tool means, and what a person can do. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'ok'>
  readonly reason: string
  readonly detail: string
  /** What may be left out so that the rest is read: the profiling fields, or the one field with this id. */
  readonly without?: 'profiling' | number
}

const failed = (reason: string, detail: string): Failure => ({ outcome: 'failed', reason, detail })

interface TextRule {
  readonly pattern: RegExp
  failure(match: RegExpExecArray): Failure
}

/**
 * Error texts of dcgmi, which come on stdout; the first rule that matches wins. Texts: DCGM's public source and
 * issues 3, 50, 141 and 209 of its repository.
 */
const RULES: readonly TextRule[] = [
  {
    pattern: /profiling|module of DCGM that is not currently loaded/i,
    failure: () => ({
      ...failed(
        'profiling_refused',
        'DCGM cannot read the profiling counters: another process holds them (a profiler, a second host engine such as the one inside dcgm-exporter), the board has none, or permission is missing; let dcgm-exporter use this host engine, or read without them',
      ),
      without: 'profiling',
    }),
  },
  {
    pattern: /requires the host engine to be running as root/i,
    failure: () => ({
      ...failed(
        'needs_root',
        'the host engine may not read some of the fields; run nv-hostengine as root (systemctl start nvidia-dcgm)',
      ),
      without: 'profiling',
    }),
  },
  {
    pattern: /requires a newer driver version/i,
    failure: () => ({
      ...failed(
        'driver_too_old',
        'some of the fields need a newer driver; update it, or ask for fewer fields',
      ),
      without: 'profiling',
    }),
  },
  {
    pattern: /invalid field ID\.?\s*'?(\d{1,5})'?/i,
    failure: (match) => ({
      ...failed('field_unknown', `this DCGM does not know field ${match[1]}; it is left out`),
      without: Number(match[1]),
    }),
  },
  {
    pattern:
      /unable to establish a connection|unable to connect to host ?engine|connection (?:is )?invalid|connection.*disconnected|not connected/i,
    failure: () =>
      failed(
        'no_host_engine',
        'dcgmi is here but no host engine answers; start it with `systemctl start nvidia-dcgm` (or `nv-hostengine`) and enable it at boot',
      ),
  },
  {
    pattern: /version mismatch/i,
    failure: () =>
      failed(
        'version_mismatch',
        'dcgmi and the running host engine are of different versions; restart nvidia-dcgm after an update',
      ),
  },
  {
    pattern: /GPU is lost|fallen off the bus/i,
    failure: () =>
      failed(
        'gpu_lost',
        'a GPU fell off the bus and the host engine gives no values; see dmesg for XID 79, then power-cycle the node',
      ),
  },
  {
    pattern:
      /No data (?:returned|is available)|(?:field|entity) group (?:or entity group )?is empty|no devices in group/i,
    failure: () =>
      failed('no_data', 'the host engine sees no GPU; check nvidia-smi, then restart nvidia-dcgm'),
  },
  {
    pattern: /dcgmi:?\s*(?:command )?not found|dcgmi: No such file/i,
    failure: () => ({ ...COMMAND_NOT_FOUND }),
  },
  {
    pattern: /error while loading shared libraries/i,
    failure: () =>
      failed(
        'library_missing',
        'dcgmi is here but its libraries are not; install the datacenter-gpu-manager package whole',
      ),
  },
  {
    pattern: /^\s*(?:Error\b|Got error\b|Unable to\b|Enable to retrieve\b)/i,
    failure: (match) =>
      failed(
        'dcgm_error',
        `dcgmi says: ${printable(match.input)}; see the host engine's log (/var/log/nv-hostengine.log)`,
      ),
  },
]

const printable = (text: string) =>
  text
    .replaceAll(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, LIMITS.text)

/** The failure a line states, or null. */
export function failureOf(line: string): Failure | null {
  const text = line.slice(0, 1024)
  for (const rule of RULES) {
    const match = rule.pattern.exec(text)
    if (match !== null) return rule.failure(match)
  }
  return null
}

/** Failures the tool does not print. */
export const COMMAND_NOT_FOUND: Failure = {
  outcome: 'absent',
  reason: 'command_not_found',
  detail:
    'dcgmi was not found on PATH: no NVIDIA node, or datacenter-gpu-manager is not installed (or not mounted into the container)',
}
export const EMPTY_OUTPUT = failed(
  'empty_output',
  'dcgmi printed nothing; run `dcgmi dmon -e 203 -c 3` by hand on this node',
)
export const NO_ROWS = failed(
  'no_rows',
  'a header of dcgmi dmon, or a list of GPUs, but not one readable row of values; the run was cut short, or the host engine does not answer',
)
export const NO_HEADER = failed(
  'no_header',
  'rows of dcgmi dmon without the header above them: nothing says what a column is; capture from the header on',
)
export const NO_GPU_ROWS = failed(
  'no_gpu_rows',
  'dmon printed rows, but none of a GPU; ask for GPUs (`dcgmi dmon` without -i)',
)
export const NOT_DMON = failed(
  'not_dmon',
  'this text is not output of `dcgmi dmon` that we know; check which command was run',
)

/** Failures of a live stream. */
export const STARTING = failed(
  'starting',
  'dcgmi dmon was started a moment ago and has not printed a row yet',
)
export const SILENT = failed(
  'silent',
  'dcgmi dmon prints nothing any more; a GPU or the host engine hangs (see dmesg); it is restarted after three intervals',
)
export const HUNG = failed(
  'hung',
  'dcgmi dmon was silent for three intervals and was stopped; a GPU or the host engine hangs (see dmesg); it is started again, at longer and longer intervals',
)
export const STILL_RUNNING = failed(
  'still_running',
  'the last dcgmi dmon cannot be ended (it is stuck in a driver call, see dmesg); no second one is started beside it',
)
export const NOT_DISCOVERED = failed(
  'not_discovered',
  '`dcgmi discovery -l` has not said yet which GPU is which; values are held back until it does',
)
export const NO_GPUS = failed(
  'no_gpus',
  'the host engine answers but lists no GPU; check nvidia-smi, then restart nvidia-dcgm',
)
export const CLOSED = failed('stopped', 'the collector is stopping')

/** How a stream ended by itself, when it printed no reason. */
export const ended = (exitCode: number | null): Failure =>
  failed(
    'ended',
    `dcgmi dmon ended by itself (exit code ${exitCode ?? 'unknown'}) without saying why; it is started again`,
  )

/** Why a call or stream gave no answer at all. */
export const LAUNCH_FAILURES = {
  not_found: COMMAND_NOT_FOUND,
  not_permitted: failed(
    'not_permitted',
    'dcgmi may not be run by this user; grant execute permission on it',
  ),
  timeout: failed(
    'timeout',
    'dcgmi did not answer in time and was stopped; the host engine or a GPU hangs (see dmesg); restart nvidia-dcgm',
  ),
  too_large: failed('too_large', 'dcgmi printed far more than it ever should; run it by hand'),
  spawn_failed: failed('spawn_failed', 'dcgmi could not be started; run it by hand on this node'),
} as const satisfies Record<string, Failure>
