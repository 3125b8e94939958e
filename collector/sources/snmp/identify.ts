import type { SnmpVariable } from '../../field-io.ts'
import { below } from '../../formats/oid.ts'
import type { Plan } from './profile.ts'

export const SYS_DESCR = '1.3.6.1.2.1.1.1.0'
export const SYS_OBJECT_ID = '1.3.6.1.2.1.1.2.0'

/** The plans that a device with this sysObjectID may follow: those of its maker, and those of no maker. */
export function candidatesFor(plans: readonly Plan[], sysObjectId: string | null): readonly Plan[] {
  if (sysObjectId === null) return plans
  const own = plans.filter(
    ({ profile: { enterprise } }) =>
      enterprise === undefined || below(enterprise, `${sysObjectId}.0`) !== null,
  )
  // An agent of another maker inside the device (net-snmp for one) names itself: then its tables decide.
  return own.some(({ profile }) => profile.enterprise !== undefined) ? own : plans
}

/** The first plan whose probe column is among the values. */
export function planAmong(
  plans: readonly Plan[],
  variables: readonly SnmpVariable[],
): Plan | undefined {
  return plans.find(({ profile: { probe } }) =>
    variables.some(({ oid, value }) => value.kind !== 'none' && below(probe, oid) !== null),
  )
}

/** The sysObjectID among the values. */
export function objectIdIn(variables: readonly SnmpVariable[]): string | null {
  const value = variables.find(({ oid }) => oid === SYS_OBJECT_ID)?.value
  return value?.kind === 'oid' ? value.text : null
}

/** What the device calls itself, one line, or null. */
export function descriptionIn(variables: readonly SnmpVariable[]): string | null {
  const value = variables.find(({ oid }) => oid === SYS_DESCR)?.value
  if (value?.kind !== 'text') return null
  const text = value.text.replaceAll(/\p{Cc}+/gu, ' ').trim()
  return text === '' ? null : text.slice(0, 200)
}
