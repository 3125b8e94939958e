import type { CommandResult } from '../../source.ts'

/** What ended a read without a card: machine-readable cause, and cause and fix for a person. */
export interface Failure {
  readonly outcome: 'absent' | 'failed'
  readonly reason: string
  readonly detail: string
}

const NOT_FOUND: Failure = {
  outcome: 'absent',
  reason: 'command_not_found',
  detail:
    'cnmon was not found: not a Cambricon node, or a container without the driver tools mounted.',
}
const DRIVER_DOWN: Failure = {
  outcome: 'failed',
  reason: 'driver_not_running',
  detail:
    'cnmon cannot reach the driver: load it again (modprobe cambricon-drv), look at dmesg, and in a container check that /dev/cambricon* is mounted.',
}
const NO_CARD: Failure = {
  outcome: 'failed',
  reason: 'no_device',
  detail: 'cnmon sees no card: check lspci, seating and power, and that the driver knows the card.',
}
const NOT_PERMITTED: Failure = {
  outcome: 'failed',
  reason: 'not_permitted',
  detail:
    'cnmon may not be run by this user, or may not open /dev/cambricon*; run the collector as root.',
}
const LIBRARY_MISSING: Failure = {
  outcome: 'failed',
  reason: 'library_missing',
  detail:
    'cnmon is here but the libraries of the driver are not; mount them or set LD_LIBRARY_PATH.',
}

/**
 * The vendor documents no list of error texts, so these go by the words that its library's result names use (no
 * driver, driver too low, no device, permission) and by what shells and loaders print.
 */
const RULES: readonly (readonly [pattern: RegExp, failure: Failure])[] = [
  [/cnmon:?\s*(?:command )?not found|cnmon: No such file/i, NOT_FOUND],
  [/error while loading shared libraries/i, LIBRARY_MISSING],
  [/permission denied|not permitted/i, NOT_PERMITTED],
  [/\bno (?:mlu|card|device)s?\b|(?:mlu|card|device)s? (?:was |were )?not found/i, NO_CARD],
  [
    /\bno driver\b|driver.{0,40}(?:not|fail|unavailable|too low|mismatch|error)|fail.{0,40}driver|cndev.{0,40}(?:fail|error)/i,
    DRIVER_DOWN,
  ],
]

/** The failure a line states, or null. */
export function failureOf(line: string): Failure | null {
  const text = line.slice(0, 512)
  return RULES.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

export const EMPTY_OUTPUT: Failure = {
  outcome: 'failed',
  reason: 'empty_output',
  detail: 'cnmon printed nothing; run it by hand on this node.',
}
export const EMPTY_BOX: Failure = {
  outcome: 'failed',
  reason: 'empty_box',
  detail: 'cnmon printed its box without a readable card; check the driver and lspci.',
}
export const NOT_CNMON: Failure = {
  outcome: 'failed',
  reason: 'not_cnmon',
  detail: 'This text is not an output of cnmon that we know; check which command was run.',
}

/** Failures of starting the tool. */
export const LAUNCH_FAILURES: Readonly<Record<NonNullable<CommandResult['failure']>, Failure>> = {
  not_found: NOT_FOUND,
  not_permitted: NOT_PERMITTED,
  timeout: {
    outcome: 'failed',
    reason: 'timeout',
    detail: 'cnmon did not finish in time and was stopped: a card may hang, see dmesg.',
  },
  too_large: {
    outcome: 'failed',
    reason: 'too_large',
    detail: 'cnmon printed far more than it ever should; run it by hand on this node.',
  },
  spawn_failed: {
    outcome: 'failed',
    reason: 'spawn_failed',
    detail: 'cnmon could not be started; run it by hand on this node.',
  },
}
