import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  createDemoReceiver,
  DEMO_ALERTS_CONFIG,
  DEMO_ENVIRONMENT,
  type DemoReceiver,
} from '../../alerts/demo-receiver.ts'
import { createChannelAttempts } from '../../alerts/deliver/channel-attempts.ts'
import { demoBooks } from '../../demo/books.ts'
import { createFacilityModel, type FacilityModel } from '../../demo/facility/model.ts'
import { buildSite } from '../../demo/facility/site.ts'
import { siteEntries } from '../../demo/facility/tree.ts'
import { buildFleet, DEVICE_LIMITS } from '../../demo/fleet/layout.ts'
import { createNodeModel, type NodeModel } from '../../demo/fleet/node-readings.ts'
import { createFleetModel, type FleetModel } from '../../demo/fleet/state.ts'
import { writeHistory } from '../../demo/history.ts'
import { writeNodeHistory } from '../../demo/history-nodes.ts'
import { type HistoryPlan, planHistory } from '../../demo/history-plan.ts'
import { createResettle, type Resettle } from '../../demo/history-resettle.ts'
import { createIncident, type Incident } from '../../demo/incident.ts'
import { createDemoFleet } from '../../demo/live/fleet.ts'
import { openDemoData } from '../../demo/stamp.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
import { connectStore, type Store } from '../../ingest/store/store.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Logger, Role } from '#schemas/role.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { alertsService } from '../alerts-service.ts'
import { buildDashboard, openBrowser } from '../dashboard-build.ts'
import { fileControl } from '../control-service.ts'
import { directFeed } from '../event-feed.ts'
import { directShards, ingestService } from '../ingest-service.ts'
import { demoSlurm } from '../demo-slurm.ts'
import { journalService } from '../journal-service.ts'
import { createLogger } from '../log.ts'
import { createProgress } from '../progress.ts'
import { checkAccess, queryService } from '../query-service.ts'
import { runRoles } from '../run-roles.ts'
import { reportsService } from '../reports-service.ts'
import { readSettings, type Settings } from '../settings.ts'
import { migrateSingle, type StoreAccess, storeAccess } from '../store.ts'

const INCIDENT_DELAY_MS = 90_000
const DEFAULTS = {
  devices: 2048,
  days: 7,
  seed: 1,
  dataDir: './data/demo',
  timeZone: 'Asia/Shanghai',
} as const

export async function run(invocation: Invocation): Promise<number> {
  const startMs = Date.now()
  const devices = wholeNumber(invocation, 'devices', DEVICE_LIMITS) ?? DEFAULTS.devices
  const days = wholeNumber(invocation, 'days', { min: 1, max: 30 }) ?? DEFAULTS.days
  const seed = wholeNumber(invocation, 'seed', { min: 0, max: 2 ** 31 - 1 }) ?? DEFAULTS.seed
  const log = createLogger((line) => console.error(line), Date.now)
  const settings = await demoSettings(invocation, { devices, days, seed, nowMs: startMs })
  await checkAccess(settings)
  const dashboard = buildDashboard()
  const plan = planHistory({ nowMs: startMs, days })
  const model = createFleetModel(buildFleet(devices, seed), plan.fromMs, plan.toMs)
  const nodes = createNodeModel(model.fleet, plan.toMs)
  const facility = createFacilityModel(buildSite(model.fleet), {
    bornMs: plan.fromMs,
    liveMs: plan.toMs,
  })
  const incident = createIncident({ clock: Date.now, delayMs: INCIDENT_DELAY_MS })
  const store = storeAccess(settings, log)
  const history = historyRole({ settings, store, model, facility, nodes, plan, log })
  const fleet = createDemoFleet({
    model,
    facility,
    nodes,
    incident,
    directory: settings.dataDir,
    log,
    random: randomBytes,
  })
  const journal = journalService(settings, log)
  const openJournal = journal.journal
  const ingest = ingestService({
    settings,
    store,
    log,
    openJournal,
    retention: false,
    settleFromMs: plan.settledFromMs,
    openShards: () => directShards(settings, fleet.collectors()),
  })
  const control = fileControl(settings, log, () => fleet.collectors().map(({ bus }) => bus))
  const books = booksRole(openJournal, { model, facility }, plan)
  const slurm = demoSlurm({
    model,
    journal: openJournal,
    sinceMs: plan.fromMs,
    clock: Date.now,
    log,
  })
  const feeding = [history.role, fleet, journal.role, books, slurm, ingest]
  const receiver = createDemoReceiver(Date.now)
  const { port, timeZone } = settings
  const alertsConfig = () => DEMO_ALERTS_CONFIG(`http://127.0.0.1:${port}`, timeZone)
  // Its older days are settled in the background: a report would freeze half of them.
  const isReady = () => history.notice() === null
  const attempts = createChannelAttempts()
  const alerts = alertsService({
    attempts,
    settings,
    store,
    log,
    openJournal,
    simulated: true,
    environment: DEMO_ENVIRONMENT,
    openFeed: directFeed(() => fleet.collectors().map(({ bus }) => bus)),
    demo: { config: alertsConfig, receiver },
    isReady,
  })
  const reports = reportsService({
    attempts,
    settings,
    store,
    log,
    openJournal,
    simulated: true,
    environment: DEMO_ENVIRONMENT,
    demo: { config: alertsConfig, receiver },
    isReady,
  })
  const roles: Role[] = [...store.roles, ...feeding, control.role, alerts, reports]
  const query = queryService({
    settings,
    store,
    log,
    roles,
    simulated: true,
    pipeline: () => ingest.inner()?.status() ?? null,
    ready: () => ({ ready: true, progress: history.progress() }),
    demo: demoControl(incident, history.notice, receiver),
    openControl: control.store,
    openJournal,
    alertsConfig,
  })
  const waitForDashboard: Role = {
    name: 'dashboard build',
    start: async () => void (await dashboard),
    stop: async () => undefined,
    health: () => ({ state: 'ok', detail: '', metrics: {} }),
  }
  return runRoles([...roles, waitForDashboard, query], log, () => {
    history.settleOlder()
    invocation.print(
      `\nPlimsoll demo: ${query.url()}   (${model.fleet.devices.length} simulated devices, ready in ${Math.round((Date.now() - startMs) / 1000)} s)`,
    )
    invocation.print('In 90 s an incident plays. Ctrl-C stops.')
    if (invocation.flag('open')) openBrowser(query.url())
  })
}

interface DemoParams {
  readonly devices: number
  readonly days: number
  readonly seed: number
  readonly nowMs: number
}

/** The demo's own folder and time zone unless told otherwise; the folder is stamped and emptied. */
async function demoSettings(invocation: Invocation, params: DemoParams): Promise<Settings> {
  const given = readSettings(invocation)
  const named = invocation.option('data') ?? invocation.env['PLIMSOLL_DATA']
  const dataDir = await openDemoData(
    named === undefined
      ? DEFAULTS.dataDir
      : join(named, invocation.option('data') === undefined ? 'demo' : ''),
    params,
  )
  const zoned = invocation.option('timezone') ?? invocation.env['PLIMSOLL_TIMEZONE']
  const { clickhouseUrl: _, natsUrl: __, ...local } = given
  return { ...local, dataDir, timeZone: zoned === undefined ? DEFAULTS.timeZone : given.timeZone }
}

type Caption = ReturnType<Incident['caption']>

const demoControl = (incident: Incident, notice: () => Caption, receiver: DemoReceiver) => ({
  incidentRunning: () => incident.running(),
  playIncident: () => incident.play(),
  caption: () => incident.caption(),
  notice,
  messages: () => receiver.messages(),
})

/** What the simulated site's people entered, appended once: the journal is new at every start. */
const booksRole = (
  openJournal: () => Promise<Journal>,
  { model: { fleet, slots }, facility }: Pick<HistoryParts, 'model' | 'facility'>,
  { fromMs, toMs }: HistoryPlan,
): Role => ({
  name: 'books',
  async start() {
    const journal = await openJournal()
    if ((await journal.last()) > 0) return
    const books = demoBooks({ fleet, slots, fromMs, nowMs: toMs })
    for (const body of [...books, ...siteEntries(facility.site, fromMs)])
      await journal.append({ at_ms: Date.now(), who: 'demo', body })
  },
  stop: async () => undefined,
  health: () => ({
    state: 'ok',
    detail: 'prices, tenants, contracts and meters are entered',
    metrics: {},
  }),
})

interface HistoryParts {
  readonly settings: Settings
  readonly store: StoreAccess
  readonly model: FleetModel
  readonly facility: FacilityModel
  readonly nodes: NodeModel
  readonly plan: HistoryPlan
  readonly log: Logger
}

/** Writes the history when it starts; afterwards the settler goes over its older part in the background. */
function historyRole(parts: HistoryParts) {
  const { settings, store: access, model, facility, nodes, plan, log } = parts
  let store: Store | null = null
  let resettle: Resettle | null = null
  const stopping = new AbortController()
  const role: Role = {
    name: 'history',
    async start() {
      await migrateSingle(access, log)
      store = connectStore(access.connection())
      const ledger = await createLedger(store, Date.now, {
        dayOf: createLocalDays(settings.timeZone),
      })
      const progress = createProgress('writing history', process.stderr, Date.now)
      const onSignal = () => stopping.abort(new Error('stopped while the history was written'))
      process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
      await writeNodeHistory({ store, model, nodes, fromMs: plan.fromMs, toMs: plan.toMs })
      await writeHistory({
        store,
        ledger,
        model,
        facility,
        plan,
        clock: Date.now,
        signal: stopping.signal,
        onProgress: (share) => progress.update(share),
      })
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
      progress.done()
      resettle = createResettle({
        store,
        ledger,
        plan,
        timeZone: settings.timeZone,
        log,
        devices: model.fleet.devices.length,
      })
    },
    async stop() {
      await resettle?.stop()
      await store?.close()
    },
    health: () => ({
      state: 'ok',
      detail: '',
      metrics: { demo_history_settled_share: resettle?.status().settledShare ?? 0 },
    }),
  }
  const settledPercent = () => Math.floor((resettle?.status().settledShare ?? 0) * 100)
  return {
    role,
    settleOlder: () => resettle?.start(),
    progress: () => `older history settled: ${settledPercent()} %`,
    /** Said on every screen until it is no longer true. */
    notice: (): Caption => {
      if (resettle === null || resettle.status().isDone) return null
      return {
        en: `Older days by node, rack and job are still being settled: ${settledPercent()} %`,
        zh: `较早日期按节点、机架和任务的数据仍在结算：${settledPercent()} %`,
      }
    },
  }
}
