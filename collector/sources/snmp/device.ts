import type { FieldFailure, SnmpIo, SnmpPeer, SnmpVariable } from '../../field-io.ts'
import { remembered, sameText } from '../../formats/same-text.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import {
  candidatesFor,
  descriptionIn,
  objectIdIn,
  planAmong,
  SYS_DESCR,
  SYS_OBJECT_ID,
} from './identify.ts'
import { type Mapped, mapVariables, type Refusal } from './map.ts'
import type { Plan } from './profile.ts'

/** Values of one device, about 30,000. */
const ANSWER_BYTES = 2 << 20
/** What numbers and rows mean is asked again after this long, and this soon when a row has no meaning, ms. */
const STATICS_MS = 3_600_000
const STATICS_SOON_MS = 600_000

/** Rows are looked for again after this long, ms: a device that was added to a chain, a sensor that was plugged in. */
const ROWS_MS = 300_000
/** Values that are asked for by name; more of them come cheaper by columns. */
const CELLS_MOST = 48

/** Where values were found below some roots. */
interface Found {
  readonly oids: readonly string[]
  readonly atMs: number
}

/** What is remembered of a device between reads. */
export interface Known {
  readonly plan: Plan
  /** Digits, units, names of rows. */
  readonly statics: readonly SnmpVariable[]
  readonly description: string | null
  readonly identifiedMs: number
  /** By the list of roots: all values, or the fast ones. */
  readonly cells: Map<readonly string[], Found>
  readonly shapes: Map<string, boolean>
  isIncomplete: boolean
}

/** One call's way to a device: who, and until when. */
export interface Line {
  readonly snmp: SnmpIo
  readonly peer: SnmpPeer
  /** performance.now() at which the answer is too late. */
  readonly deadlineMs: number
}

type Answer = { readonly variables: readonly SnmpVariable[] } | { readonly failure: FieldFailure }

async function walk({ snmp, peer, deadlineMs }: Line, roots: readonly string[]): Promise<Answer> {
  if (roots.length === 0) return { variables: [] }
  const timeoutMs = Math.max(1, deadlineMs - performance.now())
  const { variables, failure } = await snmp.walk(peer, roots, { timeoutMs, maxBytes: ANSWER_BYTES })
  // Half a table is not taken: a cord that is missing from it would make the other the whole PDU.
  return failure === null ? { variables } : { failure }
}

/** Whether a device must be asked again who it is. */
export function isStale(known: Known, nowMs: number): boolean {
  const ageMs = nowMs - known.identifiedMs
  return ageMs > STATICS_MS || ageMs < 0 || (known.isIncomplete && ageMs > STATICS_SOON_MS)
}

/** Finds out which profile a device follows and how its numbers are to be read; `null` when none fits. */
export async function identify(
  line: Line,
  plans: readonly Plan[],
  given: { readonly profile: string | undefined; readonly nowMs: number },
): Promise<Known | null | { readonly failure: FieldFailure }> {
  const { snmp, peer, deadlineMs } = line
  const timeoutMs = Math.max(1, deadlineMs - performance.now())
  const limits = { timeoutMs, maxBytes: ANSWER_BYTES }
  const named = await snmp.get(peer, [SYS_DESCR, SYS_OBJECT_ID], limits)
  if (named.failure !== null) return { failure: named.failure }
  const fixed = plans.find(({ profile }) => profile.name === given.profile)
  const plan = fixed ?? (await probe(line, candidatesFor(plans, objectIdIn(named.variables))))
  if (plan === null || 'failure' in plan) return plan
  const statics = await walk(line, plan.statics)
  if ('failure' in statics) return statics
  return {
    plan,
    statics: statics.variables.map(shared),
    description: descriptionIn(named.variables),
    identifiedMs: given.nowMs,
    cells: new Map(),
    shapes: new Map(),
    isIncomplete: false,
  }
}

/** What devices of one model say alike is held once. */
function shared({ oid, value }: SnmpVariable): SnmpVariable {
  if (value.kind === 'integer') return integerAt(`${oid} ${value.number}`)
  if (value.kind === 'text') return textAt(`${oid} ${value.text}`)
  return { oid: sameText(oid), value }
}

const integerAt = remembered((line): SnmpVariable => {
  const [oid, number] = cutAtSpace(line)
  return { oid, value: { kind: 'integer', number: Number(number) } }
})
const textAt = remembered((line): SnmpVariable => {
  const [oid, text] = cutAtSpace(line)
  return { oid, value: { kind: 'text', text } }
})

/** An OID has no space. */
function cutAtSpace(line: string): readonly [oid: string, rest: string] {
  const at = line.indexOf(' ')
  return [sameText(line.slice(0, at)), line.slice(at + 1)]
}

async function probe(
  line: Line,
  plans: readonly Plan[],
): Promise<Plan | null | { readonly failure: FieldFailure }> {
  const answer = await walk(line, [...new Set(plans.map(({ profile }) => profile.probe))])
  return 'failure' in answer ? answer : (planAmong(plans, answer.variables) ?? null)
}

/**
 * The values below these roots. A walk asks for rows that do not exist, to find that out: where there are few, those of the last walk are
 * asked for by name, and one that has vanished makes it walk again.
 */
async function readCells(line: Line, known: Known, roots: readonly string[]): Promise<Answer> {
  const { snmp, peer, deadlineMs } = line
  const nowMs = performance.now()
  const found = known.cells.get(roots)
  // Version 1 takes one question for each value, in a GET as in a walk.
  if (found !== undefined && nowMs - found.atMs < ROWS_MS && peer.version !== '1') {
    const limits = { timeoutMs: Math.max(1, deadlineMs - nowMs), maxBytes: ANSWER_BYTES }
    const { variables, failure } = await snmp.get(peer, found.oids, limits)
    // Some agents refuse a question whole where one name is not theirs any more.
    if (failure !== null && failure !== 'failed') return { failure }
    if (failure === null && variables.every(isThere)) return { variables }
  }
  known.cells.delete(roots)
  const answer = await walk(line, roots)
  if ('failure' in answer) return answer
  const oids = answer.variables.map(({ oid }) => sameText(oid))
  if (oids.length > 0 && oids.length <= CELLS_MOST) known.cells.set(roots, { oids, atMs: nowMs })
  return answer
}

const isThere = ({ value }: SnmpVariable) => value.kind !== 'none'

/** Reads the columns at these roots and what they come to. */
export async function readColumns(
  line: Line,
  known: Known,
  roots: readonly string[],
): Promise<
  (Mapped & { readonly rejections: Rejections<Refusal> }) | { readonly failure: FieldFailure }
> {
  const answer = await readCells(line, known, roots)
  if ('failure' in answer) return answer
  const rejections = createRejections<Refusal>()
  const mapped = mapVariables(known.plan, [...known.statics, ...answer.variables], rejections)
  for (const [key, isShort] of mapped.shapes) known.shapes.set(key, isShort)
  const refused = rejections.byReason()
  known.isIncomplete = (refused.no_scale ?? 0) + (refused.no_unit ?? 0) > 0
  return { ...mapped, rejections }
}
