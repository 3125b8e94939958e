import { createReportPost } from '../alerts/deliver/report-post.ts'
import { connectReader } from '../ingest/store/reader.ts'
import { reportFactsOver } from '../query/report/service.ts'
import { createCalendar } from '../report/calendar.ts'
import { followDeliveries } from '../report/deliver/book.ts'
import { createDeliverer } from '../report/deliver/deliverer.ts'
import { createReportsRole } from '../report/deliver/role.ts'
import { FORMATS } from '../report/formats/registry.ts'
import { createReports } from '../report/service.ts'
import type { Role } from '#schemas/role.ts'
import { openAlerting } from './alerting.ts'
import type { AlertsServiceOptions } from './alerts-service.ts'
import { lazyRole } from './lazy-role.ts'
import { siteModels } from './models.ts'

export type ReportsServiceOptions = Omit<AlertsServiceOptions, 'openFeed'>

/** While figures are being made nothing is due; what people ask for is sent. */
const NOTHING_SETTLED = { firstMs: null, untilMs: null } as const

/** Issues and sends reports by the alerting file; one at a time, by a lease around it where there are several processes. */
export function reportsService(options: ReportsServiceOptions) {
  const { settings, log, demo } = options
  return lazyRole<Role>('reports', async () => {
    const clock = Date.now
    const isReady = options.isReady ?? (() => true)
    const journal = await options.openJournal()
    const reader = connectReader(options.store.connection())
    const given = demo === undefined ? {} : { alertsConfig: demo.config }
    const opened = await openAlerting({ settings, log, roles: [], ...given })
    const { alerting, config } = opened
    const { timeZone } = settings
    const facts = reportFactsOver({
      reader,
      clock,
      log,
      timeZone,
      simulated: options.simulated,
      journal,
      models: await siteModels(settings.modelsFile),
      alerting,
    })
    const post = createReportPost({
      attempts: options.attempts,
      config,
      environment: options.environment,
      clock,
      ...(demo === undefined ? {} : { receiver: demo.receiver }),
    })
    const deliverer = createDeliverer({
      journal,
      book: followDeliveries(journal),
      reports: createReports({
        facts,
        journal,
        clock,
        timeZone,
        holidays: () => config().holidays,
        formats: FORMATS,
      }),
      settled: async () => (isReady() ? facts.settled() : NOTHING_SETTLED),
      calendar: createCalendar(timeZone),
      config,
      post,
      clock,
      logger: log,
    })
    const role = createReportsRole({
      deliverer,
      clock,
      logger: log,
      after: (ms, callback) => {
        const timer = setTimeout(callback, ms)
        return () => clearTimeout(timer)
      },
    })
    const close = async () => {
      await opened.close()
      await reader.close()
    }
    return { role, close }
  })
}
