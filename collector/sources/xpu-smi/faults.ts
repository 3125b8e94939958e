import type { Outcome } from '#schemas/reading.ts'

/**
 * What can be wrong with the tool. It prints no fault codes of devices, so there is no table of codes; what it
 * or the shell around it says instead of devices is told from its text.
 */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'ok'>
  readonly reason: string
  /** Cause and what to do, for a person. */
  readonly detail: string
}

export const INTEL_TOOL: Failure = {
  outcome: 'absent',
  reason: 'intel_tool',
  detail:
    "this is Intel's XPU Manager, which has the same name; it does not know Kunlun devices. If Kunlun devices are here, name their tool with the option `command`",
}

const rule = (
  pattern: RegExp,
  outcome: Failure['outcome'],
  reason: string,
  detail: string,
): readonly [RegExp, Failure] => [pattern, { outcome, reason, detail }]

/** The first that matches wins. */
const TEXT_RULES: readonly (readonly [RegExp, Failure])[] = [
  [
    /\bIntel\b.{0,40}\bXPU\b|\bIntel\b.{0,40}Data Center GPU|oneAPI Level Zero|Intel\(R\) Corporation|Intel XPU/i,
    INTEL_TOOL,
  ],
  rule(
    /xpu[-_]smi:?\s*(?:command )?not found|xpu[-_]smi: No such file/i,
    'absent',
    'command_not_found',
    'xpu-smi is not here: not a Kunlun node, or a container without the driver tools mounted',
  ),
  rule(
    /error while loading shared libraries/i,
    'failed',
    'library_missing',
    "xpu-smi is here but the runtime's libraries are not; mount the XPU runtime (xre) and set LD_LIBRARY_PATH",
  ),
  rule(
    /permission denied|operation not permitted/i,
    'failed',
    'not_permitted',
    'xpu-smi may not open the devices; run the collector as root, or give it /dev/xpu* and /dev/xpuctrl',
  ),
  rule(
    /no (?:xpu )?devices? (?:were |was )?found|couldn'?t communicate with|driver (?:is )?not loaded|failed to (?:open|init)/i,
    'failed',
    'driver_not_ready',
    'xpu-smi cannot reach the driver; check that it is loaded (lsmod, dmesg) and that /dev/xpu0 exists',
  ),
]

/** The failure that a line states, or null. */
export function failureOf(line: string): Failure | null {
  const text = line.trim()
  return TEXT_RULES.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

const fail = (reason: string, detail: string): Failure => ({ outcome: 'failed', reason, detail })

export const EMPTY_OUTPUT = fail(
  'empty_output',
  'xpu-smi printed nothing; run it by hand on this node',
)
export const EMPTY_TABLE = fail(
  'empty_table',
  'xpu-smi printed a table without a readable device; check the driver (dmesg) and lspci',
)
export const NOT_XPU_SMI = fail(
  'not_xpu_smi',
  'this text is not an answer of the Kunlun xpu-smi that we know; check which command was run',
)

/** Failures of starting the tool, by what the host says. */
export const LAUNCH_FAILURES = {
  not_found: {
    outcome: 'absent',
    reason: 'command_not_found',
    detail:
      'neither xpu-smi nor xpu_smi was found on PATH: not a Kunlun node, or a container without the driver tools mounted',
  },
  not_permitted: fail(
    'not_permitted',
    'xpu-smi may not be run by this user; run the collector as root or grant execute permission',
  ),
  timeout: fail(
    'timeout',
    'xpu-smi did not finish in time and was stopped; a device may hang (see dmesg)',
  ),
  too_large: fail(
    'too_large',
    'xpu-smi printed far more than it ever should; run it by hand on this node',
  ),
  spawn_failed: fail('spawn_failed', 'xpu-smi could not be started; run it by hand on this node'),
} as const satisfies Record<string, Failure>
