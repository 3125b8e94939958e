import type { Unread } from '#schemas/reading.ts'
import type { FieldFailure } from '../../field-io.ts'

/** Name of the source, in records and in the configuration. */
export const SOURCE_NAME = 'redfish'

/**
 * What can be wrong with a device or the way to it, each with what to do. Devices state no fault codes here: leaks, pumps
 * and flow are values, and the collector's thresholds make events of them.
 */
export const NOT_JSON: Unread = {
  reason: 'not_json',
  detail:
    'The answer is no JSON; see whether the address leads to a Redfish service (/redfish/v1).',
}
export const NOT_REDFISH: Unread = {
  reason: 'not_redfish',
  detail:
    'This JSON is no Redfish resource: it has no @odata.type and no reading; give one resource, or a list of them.',
}
export const NO_READINGS = (types: readonly string[]): Unread => ({
  outcome: 'absent',
  reason: 'no_readings',
  detail: `Nothing is measured in ${[...new Set(types)].slice(0, 5).join(', ') || 'this'}: it only leads to others, or the part is absent or off.`,
})
export const NO_METERS: Unread = {
  reason: 'no_meters',
  detail:
    'The service has no power equipment, cooling equipment or chassis with readings; see `kinds`, and whether the account may read them.',
}
export const NOT_ASKED_YET: Unread = {
  reason: 'slow',
  detail: 'The device has not answered its first question yet; slow controllers take many seconds.',
}

const FAILURES: Readonly<Record<FieldFailure, string>> = {
  refused:
    'Nothing listens there; correct the address, or switch the Redfish service of the device on.',
  timeout:
    'The device did not answer in time; management controllers hang at times: see whether its own page opens, and restart the controller if not.',
  dns: 'The host name of the target cannot be resolved; correct the target or the name server.',
  tls: 'The device does not prove itself: its certificate is signed by nobody we know, or has another fingerprint. Name its authority (`tls: {ca}`) or its fingerprint (`tls: {fingerprints}`).',
  too_large: 'The answer is larger than any Redfish resource should be; see what answers there.',
  closed_early:
    'The connection closed before the answer was there; the controller may be restarting.',
  not_permitted:
    'The operating system does not permit this connection; see the rights of the process.',
  garbage: 'The answer cannot be understood; see whether a Redfish service answers there.',
  busy: 'The question before has not been answered yet.',
  failed: 'The request failed on the way; see whether the device answers on this port.',
}

export const failureWords = (failure: FieldFailure): Unread => ({
  reason: failure,
  detail: FAILURES[failure],
})

const STATUSES: Readonly<Record<number, string>> = {
  401: 'The device refuses the login; correct user and password. Tries become rarer, so that the account is not locked.',
  403: 'The account may not read this; give it the role ReadOnly at least.',
  404: 'There is no Redfish service at this path; correct the target (https://host/redfish/v1).',
  429: 'The device refuses because it is asked too often; lengthen the interval.',
  503: 'The device says that it is busy or starting; it is asked again later.',
}

export function statusWords(status: number): Unread {
  const isElsewhere = status >= 300 && status < 400
  const other = isElsewhere
    ? 'The device sends us elsewhere, and redirects are not followed; write the address it means.'
    : `The device answered with status ${status}; see its own log.`
  return { reason: `http_${status}`, detail: STATUSES[status] ?? other }
}

/** No password where one is configured. */
export const noSecret = (where: string): Unread => ({
  reason: 'no_password',
  detail: `There is no password to log in with: ${where}.`,
})

/** A login that was refused is not tried again at once. */
export const loginWaits = (untilMs: number, { detail }: Unread): Unread => ({
  reason: 'login_refused',
  detail: `${detail} Tried again after ${new Date(untilMs).toISOString().slice(0, 19)}Z.`,
})
