import type { Facts } from './facts.ts'
import { countByStatus, exitCodeOf, type Finding, type Status } from './finding.ts'
import { bestRead } from './seen-devices.ts'

export type Language = 'en' | 'zh'

/** Signs and colours: the sign carries the meaning, the colour only helps. */
const SIGNS: Readonly<Record<Status, { sign: string; colour: number; en: string; zh: string }>> = {
  ok: { sign: '+', colour: 32, en: 'ok', zh: '正常' },
  info: { sign: 'i', colour: 36, en: 'info', zh: '提示' },
  warning: { sign: '!', colour: 33, en: 'warning', zh: '警告' },
  problem: { sign: 'x', colour: 31, en: 'problem', zh: '问题' },
}

const WORDS = {
  en: { why: 'why', fix: 'do', end: 'took' },
  zh: { why: '影响', fix: '处理', end: '用时' },
} as const

/** What a terminal draws otherwise than it reads, and what would move its cursor. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu
const clean = (text: string) => text.replaceAll(UNSAFE, ' ')

/** Findings as a table for people: sign, kind, what it is about, what was seen; below it why and what to do. */
export function renderReport(
  findings: readonly Finding[],
  look: { readonly language: Language; readonly isColoured: boolean; readonly tookMs: number },
): string {
  const { language, isColoured, tookMs } = look
  const words = WORDS[language]
  const paint = (status: Status, text: string) =>
    isColoured ? `\u001B[${SIGNS[status].colour}m${text}\u001B[0m` : text
  const width = Math.max(0, ...findings.map(({ id }) => id.length))
  const lines = findings.flatMap((finding) => {
    const { id, status, subject, seen } = finding
    const about = subject === '' ? '' : `${clean(subject)}: `
    const head = `${paint(status, SIGNS[status].sign)} ${id.padEnd(width)}  ${about}${clean(seen[language])}`
    if (finding.status === 'ok') return [head]
    const indent = ' '.repeat(width + 4)
    return [
      head,
      `${indent}${words.why}: ${clean(finding.why[language])}`,
      `${indent}${words.fix}: ${clean(finding.fix[language])}`,
    ]
  })
  const counts = countByStatus(findings)
  const sums = (['problem', 'warning', 'info', 'ok'] as const)
    .map((status) => paint(status, `${counts[status]} ${SIGNS[status][language]}`))
    .join(', ')
  return [...lines, '', `${sums}; ${words.end} ${Math.round(tookMs / 100) / 10} s`].join('\n')
}

/** Version of the JSON answer: a field is never renamed or taken away within one. */
export const REPORT_VERSION = 1

/** The answer for programs. Texts are in the language asked for; ids, statuses and names never are. */
export function reportJson(
  facts: Facts,
  findings: readonly Finding[],
  look: { readonly language: Language; readonly strict: boolean; readonly tookMs: number },
) {
  const { language, strict, tookMs } = look
  return {
    report_version: REPORT_VERSION,
    at: new Date(facts.atMs).toISOString(),
    node: facts.node,
    version: facts.version,
    took_ms: Math.round(tookMs),
    exit_code: exitCodeOf(findings, strict),
    counts: countByStatus(findings),
    findings: findings.map((finding) => ({
      id: finding.id,
      status: finding.status,
      subject: finding.subject,
      seen: finding.seen[language],
      ...(finding.status === 'ok'
        ? {}
        : { why: finding.why[language], fix: finding.fix[language] }),
    })),
    sources: facts.sources.map((source) => ({
      name: source.name,
      state: source.detection?.state ?? 'listed',
      targets_listed: source.targetsListed,
      targets: source.targets.map((target) => {
        const { interpretation, durationMs, outOfRange } = bestRead(target)
        const {
          outcome,
          reason,
          devices,
          meters = [],
          rejectedByReason,
          toolLabels,
        } = interpretation
        return {
          address: target.address,
          node: target.target.node,
          outcome,
          reason,
          duration_ms: Math.round(durationMs),
          devices: devices.length,
          meters: meters.length,
          readings: [...devices, ...meters].reduce(
            (sum, { metrics }) =>
              sum + Object.values(metrics).filter((value) => value !== null).length,
            0,
          ),
          rejected: { ...rejectedByReason, ...outOfRange },
          tool: toolLabels,
        }
      }),
    })),
    tools: facts.tools,
    cards: facts.cards,
  }
}
