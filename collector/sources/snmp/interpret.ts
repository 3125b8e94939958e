import { type Interpretation, unread } from '#schemas/reading.ts'
import type { SnmpVariable } from '../../field-io.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import { FAILURES } from './faults.ts'
import { candidatesFor, descriptionIn, objectIdIn, planAmong } from './identify.ts'
import { mapVariables, type Refusal } from './map.ts'
import { parseWalk } from './parse.ts'
import type { Plan } from './profile.ts'

export const SOURCE_NAME = 'snmp'

const WALK_BYTES = 16 << 20
const IGNORED_MAX = 64

/** A line of a walk with numbers for names. */
const WALK_LINE =
  /^\.?(?:1\.3\.6\.1|iso\.3\.6\.1|SNMPv2-SMI::enterprises)(?:\.\d+)+ = (?:[A-Z][\w-]*: |"|\d+$|No Such )/m

/** How surely these bytes are a walk: many lines of it, not one in a mail. */
export function recognizeWalk(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 64 << 10))
  const lines = text.split('\n', 200).filter((line) => line.trim() !== '')
  const hits = lines.filter((line) => WALK_LINE.test(line)).length
  if (hits === 0) return 0
  return hits * 2 >= lines.length ? 0.95 : 0.5
}

/** The meters in the text of a walk, by the first profile whose columns are in it. */
export function interpretWalk(bytes: Uint8Array, plans: readonly Plan[]): Interpretation {
  const rejections = createRejections<Refusal>()
  const text = new TextDecoder().decode(bytes.subarray(0, WALK_BYTES))
  const variables = parseWalk(text, rejections)
  if (variables.length === 0)
    return withRefused(unread(SOURCE_NAME, FAILURES.no_variables), rejections)
  const plan = planAmong(candidatesFor(plans, objectIdIn(variables)), variables)
  if (plan === undefined) return withRefused(unread(SOURCE_NAME, FAILURES.no_profile), rejections)
  const { meters } = mapVariables(plan, variables, rejections)
  if (meters.length === 0) return withRefused(unread(SOURCE_NAME, FAILURES.no_values), rejections)
  return {
    ...unread(SOURCE_NAME, FAILURES.no_values),
    outcome: 'ok',
    reason: null,
    detail: null,
    meters,
    ...refusedOf(rejections),
    ignored: ignoredOf(plan, variables),
    toolLabels: labelsOf(plan, descriptionIn(variables)),
  }
}

/** What collection health shows about the device. */
export const labelsOf = (plan: Plan, description: string | null): Record<string, string> => ({
  profile: plan.profile.name,
  ...(description === null ? {} : { tool_version: description }),
})

const refusedOf = (rejections: Rejections<Refusal>) => ({
  rejected: rejections.examples(),
  rejectedByReason: rejections.byReason(),
})

/** The same reading with its refusals. */
export const withRefused = (
  read: Interpretation,
  rejections: Rejections<Refusal>,
): Interpretation => ({ ...read, ...refusedOf(rejections) })

/** Columns of the walk that the profile does not use; a scalar is listed by its own OID. */
function ignoredOf(plan: Plan, variables: readonly SnmpVariable[]): string[] {
  const used = [...plan.byOid.keys(), ...plan.statics, ...plan.values].map((oid) => `${oid}.`)
  const ignored = new Set<string>()
  for (const { oid } of variables) {
    if (ignored.size >= IGNORED_MAX) break
    if (!used.some((prefix) => oid.startsWith(prefix))) ignored.add(oid.replace(/\.\d+$/, ''))
  }
  return [...ignored].sort()
}
