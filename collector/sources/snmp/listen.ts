import { type Interpretation, unread } from '#schemas/reading.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { SnmpIo, SnmpTrap, SnmpVariable } from '../../field-io.ts'
import { createRejections } from '../../formats/rejections.ts'
import type { ListenContext, SourceTarget } from '../../source.ts'
import { type Known, type Line, readColumns } from './device.ts'
import { describeTrap, FAILURES } from './faults.ts'
import { labelsOf, SOURCE_NAME, withRefused } from './interpret.ts'
import { lineOf, mapVariables, type Refusal } from './map.ts'
import { accessFor, type SnmpConfig } from './options.ts'
import { placeOf, type Secrets } from './secrets.ts'

/** What was refused is told at most this often, ms. */
const TELL_MS = 60_000
/** Without a further one, refused traps are forgotten after this long, ms. */
const PASSES_MS = 300_000
/** After a trap the fast points are read at once, but not more often than this per device, ms. */
const READ_AGAIN_MS = 1000
const READ_TIMEOUT_MS = 3000
const MESSAGE_CHARS = 1000
const CODE_CHARS = 256
/** sysUpTime and snmpTrapOID stand in every trap. */
const FRAME: ReadonlySet<string> = new Set(['1.3.6.1.2.1.1.3.0', '1.3.6.1.6.3.1.1.4.1.0'])

export interface TrapDeps {
  readonly secrets: Secrets
  /** What is known of the device at a target's address. */
  readonly knownOf: (address: string) => Known | null
}

/**
 * Takes traps of listed targets with an allowed community or user; the others are counted and told once a minute. A trap
 * becomes an event, and values in it that the device's profile knows become readings. Then leak, pump and flow of that
 * device are read at once: what changed is known without waiting for a tick.
 */
export async function listenForTraps(
  context: ListenContext<SnmpConfig>,
  deps: TrapDeps,
): Promise<{ stop(): Promise<void> }> {
  const { config, io } = context
  const snmp = io.field?.snmp
  if (config.traps === undefined || snmp === undefined) return { stop: () => Promise.resolve() }
  const refused = createRefused(context)
  const allow = await allowed(context, deps)
  if (allow.length === 0)
    throw new Error('traps cannot be taken: no community or user is set that they could have')
  const readAt = new Map<string, number>()
  return snmp.traps({ ...config.traps.listen, allow, onRefused: refused }, (trap) => {
    const target = senderOf(trap.from, context.targets(), snmp)
    if (target === undefined) return refused('no target', trap.from)
    const known = deps.knownOf(target.address)
    context.said(target, interpretTrap(trap, target, known, context.nowMs()))
    if (known === null || known.plan.fast.length === 0) return
    const nowMs = context.nowMs()
    if (Math.abs(nowMs - (readAt.get(target.address) ?? 0)) < READ_AGAIN_MS) return
    readAt.set(target.address, nowMs)
    void readAgain(context, deps, { target, known, snmp })
  })
}

/** Everyone who may be let in by some rule of the section. */
async function allowed(context: ListenContext<SnmpConfig>, { secrets }: TrapDeps) {
  const { config } = context
  const rules = [config, ...config.access.map(({ targets }) => accessFor(config, targets))]
  const letters = await Promise.all(rules.map((rule) => secrets.lettersOf(rule)))
  for (const [at, letter] of letters.entries())
    // The section's own community may be unused where every target has a rule.
    if (typeof letter === 'string' && (at > 0 || letters.length === 1)) context.trouble(letter)
  return letters.filter((letter) => typeof letter !== 'string')
}

function senderOf(
  from: string,
  targets: readonly SourceTarget[],
  snmp: SnmpIo,
): SourceTarget | undefined {
  return targets.find((target) => snmp.addressOf(placeOf(target).host) === from)
}

function interpretTrap(
  trap: SnmpTrap,
  target: SourceTarget,
  known: Known | null,
  nowMs: number,
): Interpretation {
  const rejections = createRejections<Refusal>()
  const mapped =
    known === null
      ? { meters: [] }
      : mapVariables(known.plan, [...known.statics, ...trap.variables], rejections, known.shapes)
  return {
    ...withRefused(unread(SOURCE_NAME, FAILURES.no_values), rejections),
    outcome: 'ok',
    reason: null,
    detail: null,
    meters: mapped.meters,
    events: [eventOf(trap, target, nowMs)],
    toolLabels: known === null ? {} : labelsOf(known.plan, known.description),
  }
}

function eventOf({ trap, variables }: SnmpTrap, target: SourceTarget, nowMs: number): EventRecord {
  const fault = describeTrap(trap)
  const said = variables.filter(({ oid }) => !FRAME.has(oid)).map(shown)
  const message = [fault?.name.en ?? `trap ${trap}`, ...said].join('; ').slice(0, MESSAGE_CHARS)
  return {
    kind: 'event',
    at_ms: nowMs,
    node: target.node,
    device_key: null,
    source: SOURCE_NAME,
    type: 'trap',
    code: trap.slice(0, CODE_CHARS),
    severity: fault?.severity ?? 'warning',
    edge: 'point',
    message,
    ...(fault === null
      ? {}
      : {
          message_zh: [fault.name.zh, ...said].join('; ').slice(0, MESSAGE_CHARS),
          fault_class: fault.class,
          action: fault.action.en,
          action_zh: fault.action.zh,
        }),
  }
}

const shown = (variable: SnmpVariable) =>
  lineOf(variable)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, 200)

async function readAgain(
  context: ListenContext<SnmpConfig>,
  { secrets }: TrapDeps,
  device: { readonly target: SourceTarget; readonly known: Known; readonly snmp: SnmpIo },
): Promise<void> {
  const { target, known, snmp } = device
  const access = accessFor(context.config, [target.node, placeOf(target).host])
  const peer = await secrets.peerOf(target, access)
  if (typeof peer === 'string') return
  const line: Line = { snmp, peer, deadlineMs: performance.now() + READ_TIMEOUT_MS }
  const got = await readColumns(line, known, known.plan.fast)
  // A device that is just being read, or silent: the next tick tells.
  if ('failure' in got || got.meters.length === 0) return
  context.said(target, {
    ...withRefused(unread(SOURCE_NAME, FAILURES.no_values), got.rejections),
    outcome: 'ok',
    reason: null,
    detail: null,
    meters: got.meters,
    toolLabels: labelsOf(known.plan, known.description),
  })
}

const WHY: Readonly<Record<'garbage' | 'stranger' | 'flood' | 'no target', string>> = {
  garbage: 'no proper SNMP message',
  stranger: 'with an unknown community or user',
  flood: 'beyond the number that is looked at',
  'no target': 'from an address that is no target',
}

type Refused = (why: keyof typeof WHY, from: string | null) => void

function createRefused(context: ListenContext<SnmpConfig>): Refused {
  const counts = new Map<keyof typeof WHY, { count: number; from: string | null }>()
  let toldMs = Number.NEGATIVE_INFINITY
  return (why, from) => {
    const entry = counts.get(why) ?? { count: 0, from }
    counts.set(why, { count: entry.count + 1, from: from ?? entry.from })
    const nowMs = context.nowMs()
    if (Math.abs(nowMs - toldMs) < TELL_MS) return
    toldMs = nowMs
    const parts = [...counts].map(
      ([reason, { count, from: sender }]) =>
        `${count} ${WHY[reason]}${sender === null ? '' : ` (last from ${sender})`}`,
    )
    counts.clear()
    context.trouble(`traps were refused: ${parts.join(', ')}`, PASSES_MS)
  }
}
