import type { Unread } from '#schemas/reading.ts'
import type { FieldFailure } from '../../field-io.ts'

/** What a Modbus exception means (Modbus Application Protocol 1.1b3, section 7) and what to do. */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'The device does not know this function; see in its manual whether the values are holding or input registers.',
  2: 'The device has no such register; compare addresses with its manual (are they one-based?), the unit id, and the gap of the map.',
  3: 'The device gives fewer registers at once; lower max_registers_per_request of the map.',
  4: 'The device reports an internal error; see its own page.',
  5: 'The device asks for more time; read it less often.',
  6: 'The device is busy with another master; read it less often.',
  8: 'The device reports a parity error of its memory.',
  10: 'The gateway has no path to this unit; see its table of units.',
  11: 'The unit behind the gateway does not answer; see its power, address and bus.',
}

/** Why nothing was read although the device answered. */
export const exceptionOf = (code: number): Unread => ({
  reason: `exception_${code}`,
  detail: EXCEPTIONS[code] ?? `The device refuses with exception ${code}; see its manual.`,
})

const SENTENCES: Readonly<Record<FieldFailure, string>> = {
  timeout:
    'No answer: the unit id is wrong or the unit is off, a gateway is busy with other masters, or a firewall drops the packets.',
  refused:
    'Nothing listens on this port; switch Modbus TCP on at the device or correct the target.',
  dns: 'The host name of the target cannot be resolved; correct the target or the name server.',
  closed_early:
    'The device closes the connection; it serves few masters at once: see who else is connected.',
  garbage: 'What came back is no Modbus answer to our question; see what listens on this port.',
  too_large: 'The map asks for more than one read may bring; split it over several maps.',
  busy: 'The calls to this gateway before have not ended; read its units less often.',
  not_permitted: 'The device refuses us; see its list of allowed masters.',
  tls: 'The transport failed.',
  failed: 'The connection failed on the way; see whether the device answers on this port.',
}

/** What a failed call means, for a person. */
export const failureOf = (failure: FieldFailure): Unread => ({
  reason: failure,
  detail: SENTENCES[failure],
})

/** Failures that are ours to name. */
export const FAILURES = {
  no_field: { reason: 'no_field', detail: 'This collector was started without Modbus.' },
  no_map: {
    reason: 'no_map',
    detail:
      'No register map is named for this target; give `map`, or `devices` with a map. Maps come with the contract of the device.',
  },
  no_values: {
    reason: 'no_values',
    detail:
      'The device answered, and none of its registers gave a value; see the refused lines: word order, scale or address of the map may be wrong.',
  },
} as const satisfies Readonly<Record<string, Unread>>

/** A text that is no capture of registers. */
export const noCapture = (why: string): Unread => ({
  reason: 'no_capture',
  detail: `This is no capture of registers: ${why}. Write {"map": …, "registers": [{"function": 4, "address": 0, "values": […]}]}.`,
})
