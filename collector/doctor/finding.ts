import type { Bilingual } from '#schemas/faults.ts'

/** Worst last. `problem` is what makes the command end with 1. */
export const STATUSES = ['ok', 'info', 'warning', 'problem'] as const
export type Status = (typeof STATUSES)[number]

/** Every kind of finding; each has a section in docs/doctor.md (a test compares them). */
export const FINDING_IDS = [
  'config',
  'runtime',
  'memory-limit',
  'open-files',
  'user',
  'container',
  'tool',
  'tool-hangs',
  'cards-on-bus',
  'card-unread',
  'card-without-driver',
  'card-not-on-bus',
  'device-files',
  'permissions',
  'nothing-found',
  'source',
  'target-list',
  'targets',
  'targets-unread',
  'rejected',
  'expected-missing',
  'device-unreadable',
  'profiling-off',
  'profiling-stuck',
  'fresh',
  'frozen',
  'heartbeat',
  'sources-disagree',
  'seen-by-one',
  'meters',
  'listener',
  'meter-clock',
  'meter-counter',
  'meter-values',
  'meter-tree',
  'thresholds',
  'inventory',
  'time-service',
  'clock-skew',
  'spool',
  'spool-space',
  'bus',
  'bus-stream',
] as const
export type FindingId = (typeof FINDING_IDS)[number]

interface Seen {
  readonly id: FindingId
  /** Source, target, device or path it is about; empty for the machine as a whole. */
  readonly subject: string
  /** What was seen. */
  readonly seen: Bilingual
}

/** All is well here; nothing to do. */
export interface FineFinding extends Seen {
  readonly status: 'ok'
}

/** Something to know or to repair: why it matters and what to do. */
export interface OpenFinding extends Seen {
  readonly status: Exclude<Status, 'ok'>
  readonly why: Bilingual
  readonly fix: Bilingual
}

export type Finding = FineFinding | OpenFinding

export const text = (en: string, zh: string): Bilingual => ({ en, zh })

/** How many findings of each status there are. */
export function countByStatus(findings: readonly Finding[]): Record<Status, number> {
  const counts = { ok: 0, info: 0, warning: 0, problem: 0 }
  for (const { status } of findings) counts[status]++
  return counts
}

/** 0 without a problem, 1 with one; `strict` counts warnings as problems. */
export function exitCodeOf(findings: readonly Finding[], strict: boolean): 0 | 1 {
  const { problem, warning } = countByStatus(findings)
  return problem > 0 || (strict && warning > 0) ? 1 : 0
}

const NAMED = 6

/** `a, b, c and 4 more`: names in a sentence, bounded. */
export function listed(names: readonly string[], most = NAMED): Bilingual {
  const shown = names.slice(0, most).join(', ')
  const rest = names.length - most
  if (rest <= 0) return text(shown, shown)
  return text(`${shown} and ${rest} more`, `${shown} 等 ${names.length} 个`)
}
