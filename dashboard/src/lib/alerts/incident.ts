import type { AlertDetail } from '#schemas/api-alerts.ts'
import { duration } from '#lib/format.ts'
import { usdText } from '#lib/energy/units.ts'
import { eventText, type EventWords } from './events.ts'
import { lastedMs } from './standing.ts'

/** An alert with its timeline as Markdown: for a ticket or a review. */
export function incidentMarkdown(
  { alert, timeline, at_ms }: AlertDetail,
  words: EventWords & {
    /** A moment with its date. */
    readonly moment: (ms: number) => string
    /** The site's zone with its distance from UTC. */
    readonly zone: string
  },
): string {
  const { m, lang, moment } = words
  const text = m.markdown
  const colon = lang === 'zh' ? '：' : ': '
  const isOpen = alert.resolved_ms === null
  const facts: [string, string][] = [
    [text.since, moment(alert.since_ms)],
    [text.fired, alert.fired_ms === null ? text.unknown : moment(alert.fired_ms)],
    [text.over, alert.resolved_ms === null ? text.still : moment(alert.resolved_ms)],
    [text.lasted, duration(lastedMs(alert, at_ms), lang)],
    [
      text.cost,
      alert.cost_usd > 0
        ? usdText(alert.cost_usd, lang)
        : alert.reading.usd_per_hour === null
          ? text.unknown
          : usdText(0, lang),
    ],
    [text.why, alert.reading.why?.[lang] || m.whyUnknown],
    [text.did, alert.action[lang]],
    [
      text.labels,
      Object.entries(alert.labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(', '),
    ],
  ]
  const rows = timeline.map((entry) => {
    const { what, details } = eventText(entry, words)
    return `| ${moment(entry.at_ms)} | ${escaped([what, ...details].join('; '))} |`
  })
  return [
    `# ${escaped(isOpen ? alert.line[lang] : alert.title[lang])}`,
    '',
    ...facts.map(([name, value]) => `- **${name}**${colon}${escaped(value)}`),
    '',
    `## ${text.timeline}`,
    '',
    `| ${text.time} | ${text.what} |`,
    '|---|---|',
    ...rows,
    '',
    `${text.times(words.zone)}. ${text.source(alert.fingerprint)}.`,
    '',
  ].join('\n')
}

/** Text of people that would be markup, as text. */
const escaped = (text: string): string =>
  text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*_[\]<>#|]/g, String.raw`\$&`)
