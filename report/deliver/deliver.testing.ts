import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { JournalBody } from '#schemas/journal.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { PostOutcome, ReportCard, ReportMail, ReportPost } from '#schemas/report/post.ts'
import type { Reports } from '#schemas/report/service.ts'
import { type Calendar, createCalendar, type Period } from '../calendar.ts'
import { exampleReport } from '../example.testing.ts'
import { packModel } from '../issued.ts'
import { followDeliveries } from './book.ts'
import { createDeliverer, type Deliverer, type DelivererDeps } from './deliverer.ts'

/** A site whose weeks are all known, and who gets its reports. */

export const ZONE = 'Asia/Shanghai'
export const CALENDAR = remembering(createCalendar(ZONE))

/** Weeks go by on a clock of tests: each is reckoned once. */
function remembering(calendar: Calendar): Calendar {
  const periods = new Map<string, Period>()
  const once = (key: string, make: () => Period) => {
    const period = periods.get(key) ?? make()
    periods.set(key, period)
    return period
  }
  return {
    ...calendar,
    period: (id) => once(id, () => calendar.period(id)),
    before: (period, count = 1) =>
      once(`${period.id} -${count}`, () => calendar.before(period, count)),
  }
}

/** Monday of week 48, 08:07 in Shanghai: week 47 is due. */
export const DUE_MS = Date.UTC(2026, 10, 23, 0, 7)
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

export const configOf = (reports: object = {}): AlertsConfig =>
  AlertsConfig.parse({
    public_url: 'https://plimsoll.site.example',
    channels: [
      {
        name: 'relay',
        kind: 'smtp',
        target: 'smtp://relay.site.example:25',
        mail: { from: 'plimsoll@site.example', to: ['oncall@site.example'] },
      },
      { name: 'ops', kind: 'feishu', target_env: 'FEISHU', language: 'zh' },
    ],
    allowed_hosts: [{ host: 'relay.site.example' }],
    reports: {
      recipients: [
        { mail: 'Boss@site.example', language: 'both', attach: ['pdf', 'xlsx'] },
        { mail: 'cfo@site.example' },
        { channel: 'ops' },
      ],
      ...reports,
    },
  })
export const BOSS = 'mail:boss@site.example'
export const CFO = 'mail:cfo@site.example'
export const OPS = 'chat:ops'

const EXAMPLE = exampleReport()
const PACKED = packModel({ ...EXAMPLE, heat_map: [], sections: [], costs: [] })

/** The example, as any week and revision. */
export function reportFor(week: string, revision: number): ReportModel {
  const { fromMs, toMs } = CALENDAR.period(week)
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()]
  return { ...EXAMPLE, week, revision, from, to }
}

export function issuedBody(week: string, revision: number): JournalBody {
  const { fromMs, toMs } = CALENDAR.period(week)
  const { definition, utilization, coverage } = EXAMPLE
  const told = { week, revision, definition, utilization, coverage, because: 'test' }
  return { kind: 'reports', report: { ...told, from_ms: fromMs, to_ms: toMs, ...PACKED } }
}

/** Reports that can be issued at any time: what they say is tested where they are made. */
export function issuing(
  journal: Journal,
  clock: () => number,
): Pick<Reports, 'issue' | 'model' | 'write'> {
  return {
    async issue(week, who) {
      await journal.append({ at_ms: clock(), who, body: issuedBody(week, 1) })
      return { model: reportFor(week, 1), isNew: true }
    },
    model: (week, revision) => Promise.resolve(reportFor(week, revision ?? 1)),
    write: ({ week, revision }, { format, language }) =>
      Promise.resolve({
        bytes: Buffer.from(format === 'html' ? '<html><body>71.4</body></html>' : format),
        mediaType: format === 'html' ? 'text/html' : `application/${format}`,
        fileName: `plimsoll-${week}-r${revision ?? 1}-${language}.${format}`,
      }),
  }
}

export interface Sent {
  readonly recipient: string
  readonly message: ReportMail | ReportCard
}

/** A deliverer on a clock of its own. `answer` decides what receivers say. */
export function delivererOf(
  journal: Journal,
  given: {
    readonly clock: () => number
    readonly answer: (sent: Sent) => Promise<PostOutcome>
    readonly config?: () => AlertsConfig
    readonly place?: ReportPost['place']
    readonly settled?: DelivererDeps['settled']
  },
): Deliverer {
  const { clock, answer } = given
  return createDeliverer({
    journal,
    book: followDeliveries(journal),
    reports: issuing(journal, clock),
    settled: given.settled ?? (() => Promise.resolve({ firstMs: 0, untilMs: clock() })),
    calendar: CALENDAR,
    config: given.config ?? (() => configOf()),
    post: {
      place: given.place ?? (() => ({ end: () => undefined })),
      mail: (mail) => answer({ recipient: `mail:${mail.to.toLowerCase()}`, message: mail }),
      card: (card, channel) => answer({ recipient: `chat:${channel}`, message: card }),
    },
    clock,
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  })
}
