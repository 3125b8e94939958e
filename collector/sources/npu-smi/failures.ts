import type { Outcome } from '#schemas/reading.ts'

/** What a text of the tool means: the texts decide, exit codes are only low bytes of DCMI codes. */
export interface Failure {
  readonly outcome: Exclude<Outcome, 'ok'>
  readonly reason: string
  /** Cause and what to do, for a person. */
  readonly detail: string
}

/** DCMI return codes worth a sentence of their own (facts: vendor DCMI reference, observed in public issues). */
const DCMI_DETAILS: Readonly<Record<string, string>> = {
  '-8001': 'npu-smi refused a parameter; check the card and chip ids against `npu-smi info -l`',
  '-8002':
    'npu-smi was not permitted to ask the driver; run the collector as root or in the driver group',
  '-8005':
    'the driver could not be reached: no device node here, the device was given to another container, not root, or the driver was upgraded without a reboot; check /dev/davinci* and run as root on the host',
  '-8006': 'the driver did not answer in time; look for a hung card in dmesg',
  '-8008': 'the driver lists no device; check that the card is seated and that lspci shows it',
  '-8012': 'the device is not ready yet; wait for the driver to finish starting, else reload it',
  '-8013': 'this query is not possible inside a container; run the collector on the host',
  '-8015': 'a reset of the device failed; power-cycle the node',
  '-8017': 'the device firmware is being upgraded; wait until that is done',
  '-8020':
    'another container holds the device exclusively; run the collector on the host, or share the device with it',
}

interface TextRule {
  readonly pattern: RegExp
  failure(match: RegExpExecArray): Failure
}

const fixed = (failure: Failure) => () => failure

/** Every failure text of the tool and of the shell around it; the first rule that matches wins. */
const TEXT_RULES: readonly TextRule[] = [
  { pattern: /\bdcmi mod(?:ule|el) initialized? failed\b.*?ret is (-?\d{1,5})/i, failure: dcmi },
  {
    pattern: /^Invalid (?:card|chip) id\b/i,
    failure: fixed({
      outcome: 'failed',
      reason: 'invalid_card',
      detail:
        'the card that was asked for does not exist any more: it fell off the bus, or the id is stale; compare `npu-smi info -l` and lspci with the inventory',
    }),
  },
  {
    pattern: /does not support querying|is working in \w+ mode\b|is not in docker mode/i,
    failure: () => NOT_SUPPORTED,
  },
  {
    pattern: /npu-smi:?\s*(?:command )?not found|npu-smi: No such file/i,
    failure: fixed({
      outcome: 'absent',
      reason: 'command_not_found',
      detail:
        'npu-smi is not here: not an Ascend node, or a container without the driver tools mounted (/usr/local/Ascend/driver, /usr/local/bin/npu-smi)',
    }),
  },
  {
    // Other tools lack libraries too: the line has to name this one, or a library of its driver.
    pattern: /npu-smi\S*: error while loading shared lib|shared libraries: lib(?:drv|dcmi|dsmi)/i,
    failure: fixed({
      outcome: 'failed',
      reason: 'library_missing',
      detail:
        'npu-smi is here but the driver libraries are not; mount /usr/local/Ascend/driver/lib64 and set LD_LIBRARY_PATH',
    }),
  },
  {
    pattern: /npu get board type failed|Failed to get card number|Failed to execute npu-smi info/i,
    failure: (match) => dcmiIn(match.input) ?? DRIVER_NOT_READY,
  },
]

const NOT_SUPPORTED: Failure = {
  outcome: 'absent',
  reason: 'not_supported',
  detail: 'this product or mode cannot answer the query; the value is absent, not zero',
}

const DRIVER_NOT_READY: Failure = {
  outcome: 'failed',
  reason: 'driver_not_ready',
  detail: 'the driver is only half up; wait for it, then check dmesg and the driver installation',
}

/** Noise that often precedes a real failure and says nothing by itself. */
const IGNORED_TEXT =
  /^Drv\w+ failed\b|^Error parameter of -\w|^Usage:\s|^\[WARNING\].*driver|^Legend:/i

/** The failure a line states, or null. */
export function failureOf(line: string): Failure | null {
  const text = line.trim()
  for (const rule of TEXT_RULES) {
    const match = rule.pattern.exec(text)
    if (match !== null) return rule.failure(match)
  }
  return null
}

/** True for lines of the tool that carry nothing: skipped without being counted as refused. */
export function isIgnoredText(line: string): boolean {
  return IGNORED_TEXT.test(line.trim())
}

function dcmi(match: RegExpExecArray): Failure {
  return dcmiFailure(match[1] ?? '')
}

function dcmiFailure(code: string): Failure {
  if (code === '-8255') return NOT_SUPPORTED
  return {
    outcome: 'failed',
    reason: `dcmi_${code}`,
    detail:
      DCMI_DETAILS[code] ??
      `the driver interface answered ${code}; look the code up in the DCMI reference and check dmesg`,
  }
}

function dcmiIn(text: string): Failure | null {
  const match = /ret is (-8\d{3})\b/.exec(text)
  return match === null ? null : dcmi(match)
}

/**
 * What an exit status says where the tool printed no text: it is the low byte of a DCMI code (-8005 gives
 * 187). Null for statuses of no known code.
 */
export function failureOfExit(exitCode: number | null): Failure | null {
  if (exitCode === EXIT_NOT_SUPPORTED) return NOT_SUPPORTED
  const code = Object.keys(DCMI_DETAILS).find((each) => (Number(each) & 0xff) === exitCode)
  return code === undefined ? null : dcmiFailure(code)
}

/** Low byte of -8255. */
const EXIT_NOT_SUPPORTED = 193

/** Failures the tool does not print: what came back has no device in it. */
export const EMPTY_TABLE: Failure = {
  outcome: 'failed',
  reason: 'empty_table',
  detail:
    'npu-smi printed a table without a readable chip (no rows, or rows of zeros, which is how a failed query looks); check the driver with `npu-smi info -t health` and dmesg',
}
export const EMPTY_OUTPUT: Failure = {
  outcome: 'failed',
  reason: 'empty_output',
  detail: 'npu-smi printed nothing; run it by hand on this node',
}
export const NOT_NPU_SMI: Failure = {
  outcome: 'failed',
  reason: 'not_npu_smi',
  detail: 'this text is not an answer of npu-smi that we know; check which command was run',
}
export const LAUNCH_FAILURES = {
  not_found: {
    outcome: 'absent',
    reason: 'command_not_found',
    detail:
      'npu-smi was not found on PATH: not an Ascend node, or a container without the driver tools mounted',
  },
  not_permitted: {
    outcome: 'failed',
    reason: 'not_permitted',
    detail:
      'npu-smi may not be run by this user; run the collector as root or grant execute permission',
  },
  timeout: {
    outcome: 'failed',
    reason: 'timeout',
    detail:
      'npu-smi did not finish in time and was stopped; a card may hang (see dmesg), or another npu-smi is running: it may not be used concurrently',
  },
  too_large: {
    outcome: 'failed',
    reason: 'too_large',
    detail: 'npu-smi printed far more than it ever should; run it by hand on this node',
  },
  spawn_failed: {
    outcome: 'failed',
    reason: 'spawn_failed',
    detail: 'npu-smi could not be started; run it by hand on this node',
  },
} as const satisfies Record<string, Failure>

/** Failures of the long-running `npu-smi info watch`. */
export const WATCH_FAILURES = {
  ended: {
    outcome: 'failed',
    reason: 'watch_ended',
    detail:
      'npu-smi info watch ended by itself, as it does when a query fails; look for a lost card with `npu-smi info` and in dmesg; it is started again with growing pauses',
  },
  silent: {
    outcome: 'failed',
    reason: 'watch_silent',
    detail:
      'npu-smi info watch prints nothing; it is stopped and started again; look for a hung card in dmesg, or set `watch: off`',
  },
  stuck: {
    outcome: 'failed',
    reason: 'watch_stuck',
    detail:
      'an npu-smi that was told to end has not ended, so no second one is started; a driver call hangs: see dmesg, then reset the card or reboot the node',
  },
  starting: {
    outcome: 'failed',
    reason: 'starting',
    detail:
      'npu-smi info has not answered yet; it goes on beside the reads, a longer interval suits a slow driver',
  },
} as const satisfies Record<string, Failure>
