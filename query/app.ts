import cookie from '@fastify/cookie'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance } from 'fastify'
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import { createGuard, type Guard } from './access/guard.ts'
import { createLoginLimit } from './access/login-limit.ts'
import { createSessions } from './access/sessions.ts'
import { NO_ALERTING } from './alerts/alerting.ts'
import { createAppend } from './alerts/append.ts'
import { createAlertChanges } from './alerts/changes.ts'
import { createChannelChanges } from './alerts/channel-changes.ts'
import { backtestFacts } from './alerts/backtest-facts.ts'
import { createSignals } from './alerts/facts.ts'
import { createRuleCoverage } from './alerts/rule-coverage.ts'
import { createAlertsView } from './alerts/view.ts'
import type { QueryDeps } from './deps.ts'
import { answerErrors } from './error-reply.ts'
import { fleetDeps } from './fleet.ts'
import type { LedgerDeps } from './ledger/cells.ts'
import { createJournalView, type JournalView } from './journal-state.ts'
import { createLiveHub, type LiveHub } from './live.ts'
import { moneyDocuments } from './money-documents.ts'
import { facilityDeps } from './facility/deps.ts'
import { alertBacktestRoutes } from './routes/alert-backtest.ts'
import { alertChannelRoutes } from './routes/alert-channels.ts'
import { alertConfirmRoutes } from './routes/alert-confirm.ts'
import { alertRoutes } from './routes/alerts.ts'
import { annotationRoutes } from './routes/annotations.ts'
import { auditRoutes } from './routes/audit.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { collectionRoutes } from './routes/collection.ts'
import { answerNotFound, contentSecurityPolicy, serveDashboard } from './routes/dashboard.ts'
import { demoRoutes } from './routes/demo.ts'
import { deviceRoutes } from './routes/devices.ts'
import { docsRoutes } from './routes/docs.ts'
import { energyDeviceRoutes } from './routes/energy-devices.ts'
import { explainRoutes } from './routes/explain.ts'
import { exploreRoutes } from './routes/explore.ts'
import { facilityRoutes } from './routes/facility.ts'
import { fleetRoutes } from './routes/fleet.ts'
import { fleetMetricsRoutes } from './routes/fleet-metrics.ts'
import { forecastRoutes } from './routes/forecast.ts'
import { healthRoutes } from './routes/health.ts'
import { inboundRoutes } from './routes/inbound.ts'
import { inventoryRoutes } from './routes/inventory.ts'
import { journalRoutes } from './routes/journal.ts'
import { jobRoutes } from './routes/jobs.ts'
import { ledgerRoutes } from './routes/ledger.ts'
import { liveRoutes } from './routes/live.ts'
import { pauseRoutes } from './routes/pauses.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { pipelineRoutes } from './routes/pipeline.ts'
import { reportRoutes } from './routes/reports.ts'
import { searchRoutes } from './routes/search.ts'
import { selfMetricsRoutes } from './routes/self-metrics.ts'
import { settingsRoutes } from './routes/settings.ts'
import { sessionRoutes } from './routes/session.ts'
import { thermalRoutes } from './routes/thermal.ts'
import { wallRoutes } from './routes/wall.ts'
import { reportFacts } from './report/service.ts'
import { createSelfMetrics, type SelfMetrics } from './self-metrics.ts'

export const SERVER_LIMITS = {
  bodyBytes: 64 * 1024,
  /** From the first byte of a request to its last. */
  requestMs: 30_000,
  /** A silent connection; live streams say something every 15 s. */
  connectionMs: 60_000,
  paramLength: 128,
} as const

export interface QueryApp {
  readonly app: FastifyInstance
  readonly hub: LiveHub
  readonly metrics: SelfMetrics
}

/** Builds the API and the dashboard's server; listens to nothing and starts no timer. */
export async function buildApp(deps: QueryDeps): Promise<QueryApp> {
  const app = fastify({
    bodyLimit: SERVER_LIMITS.bodyBytes,
    requestTimeout: SERVER_LIMITS.requestMs,
    connectionTimeout: SERVER_LIMITS.connectionMs,
    routerOptions: { maxParamLength: SERVER_LIMITS.paramLength },
    trustProxy: deps.access.trusted_proxies,
    forceCloseConnections: 'idle',
    logger: false,
  })
  const hub = createLiveHub(deps)
  const health = { brokenGroups: 0 }
  const metrics = createSelfMetrics({
    live: hub.metrics,
    ledger: health,
    tokens: deps.tokens,
    version: deps.version,
  })
  const journalView = createJournalView(deps)
  const documents = () => moneyDocuments(journalView)
  const fleet: LedgerDeps = { ...fleetDeps(deps), documents, models: deps.models, health }
  const sessions = createSessions(deps.clock)
  const guard = createGuard({ config: deps.access, tokens: deps.tokens, sessions })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  answerErrors(app, deps.log, (code) => metrics.failed(code))
  addHooks(app, { guard, metrics, csp: contentSecurityPolicy(deps.dashboardDir) })
  await app.register(cookie)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Plimsoll API',
        version: deps.version,
        description:
          'Intervals are [from, to). Ratios are 0..1. A missing value is null, never 0. Times are UTC.',
      },
    },
    transform: jsonSchemaTransform,
  })
  await app.register(healthRoutes, { deps })
  const loginLimit = createLoginLimit(deps.clock)
  await app.register(sessionRoutes, {
    prefix: '/api/v1',
    deps: { ...deps, guard, sessions, loginLimit },
  })
  await app.register(async (scope) => {
    scope.addHook('onRequest', guard.require('read'))
    await scope.register(selfMetricsRoutes, { deps: { roles: deps.roles, metrics } })
    await scope.register(docsRoutes, { prefix: '/api' })
    await scope.register(fleetRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(forecastRoutes, { prefix: '/api/v1', deps })
    await scope.register(exploreRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(explainRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(searchRoutes, {
      prefix: '/api/v1',
      deps: { ...deps, documents, alerting: deps.alerting ?? NO_ALERTING },
    })
    await scope.register(thermalRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(wallRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(fleetMetricsRoutes, { deps: fleet })
    await scope.register(facilityRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(jobRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(ledgerRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(energyDeviceRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(deviceRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(nodeRoutes, { prefix: '/api/v1', deps: fleet })
    await scope.register(inventoryRoutes, { prefix: '/api/v1', deps })
    await scope.register(collectionRoutes, { prefix: '/api/v1', deps })
    await scope.register(pipelineRoutes, { prefix: '/api/v1', deps })
    await scope.register(catalogueRoutes, { prefix: '/api/v1', deps })
    await scope.register(liveRoutes, { prefix: '/api/v1', hub, guard })
  })
  await app.register(journalRoutes, { prefix: '/api/v1', deps: { ...deps, guard, journalView } })
  await app.register(annotationRoutes, {
    prefix: '/api/v1',
    deps: { ...deps, guard, journalView },
  })
  await app.register(pauseRoutes, { prefix: '/api/v1', deps: { ...deps, guard } })
  await registerAlerts(app, deps, { guard, fleet, journalView })
  await app.register(auditRoutes, { prefix: '/api/v1', deps: { audit: deps.audit, guard } })
  await registerDemo(app, deps, guard)
  if (deps.dashboardDir !== null) await serveDashboard(app, deps.dashboardDir)
  answerNotFound(app, deps.dashboardDir !== null)
  return { app, hub, metrics }
}

async function registerAlerts(
  app: FastifyInstance,
  deps: QueryDeps,
  { guard, fleet, journalView }: { guard: Guard; fleet: LedgerDeps; journalView: JournalView },
): Promise<void> {
  const { alerting = NO_ALERTING, audit, clock, journal, simulated, timeZone } = deps
  const alertsView = createAlertsView(deps)
  const append = createAppend({ journal, alertsView, audit, clock })
  const changing = { append, alertsView, alerting, clock }
  const changes = createAlertChanges(changing)
  const channelChanges = createChannelChanges(changing)
  const signals = createSignals(facilityDeps(fleet))
  const coverage = createRuleCoverage({
    signal: (name) => signals.get(name)?.() ?? Promise.reject(new RangeError(name)),
    clock,
  })
  const shared = { alertsView, changes, alerting, coverage, clock }
  await app.register(alertRoutes, { prefix: '/api/v1', deps: { ...shared, guard, simulated } })
  await app.register(alertChannelRoutes, {
    prefix: '/api/v1',
    deps: { ...shared, channelChanges, guard, simulated },
  })
  const made = deps.reports?.(reportFacts(fleet, { ...shared, journal, journalView }))
  const reportsNextMs = () => made?.sends?.nextMs() ?? null
  await app.register(settingsRoutes, {
    prefix: '/api/v1',
    deps: { ...deps, guard, alerting, alertsView, journalView, reportsNextMs },
  })
  await app.register(alertConfirmRoutes, { deps: { ...shared, timeZone } })
  await app.register(inboundRoutes, { prefix: '/api/v1', deps: changing })
  const backtests = deps.backtests?.(backtestFacts(facilityDeps(fleet)))
  if (backtests !== undefined) {
    app.addHook('onClose', () => backtests.stop())
    await app.register(alertBacktestRoutes, {
      prefix: '/api/v1',
      deps: { ...changing, backtests, guard, simulated },
    })
  }
  if (made === undefined) return
  const around = { guard, audit, timeZone, simulated }
  await app.register(reportRoutes, { prefix: '/api/v1', deps: { ...made, ...around } })
}

async function registerDemo(app: FastifyInstance, deps: QueryDeps, guard: Guard): Promise<void> {
  const { demo, audit } = deps
  if (demo === undefined) return
  await app.register(async (scope) => {
    scope.addHook('onRequest', guard.require('operate'))
    await scope.register(demoRoutes, { prefix: '/api/v1', deps: { demo, audit, guard } })
  })
}

function addHooks(
  app: FastifyInstance,
  { guard, metrics, csp }: { guard: Guard; metrics: SelfMetrics; csp: string },
): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': csp,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    })
    // Answers are figures of this moment; files of the dashboard say otherwise themselves.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
    guard.checkAddress(request)
  })
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, never the address: its words are few.
    const route = request.routeOptions.url ?? 'none'
    metrics.answered(route, reply.statusCode, reply.elapsedTime / 1000)
  })
}
