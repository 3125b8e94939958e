import type { BacktestFacts, Backtests } from '#schemas/alerts/backtest.ts'
import type { DemoMessage } from '#schemas/alerts/demo-message.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import type { ControlStore } from '#schemas/control.ts'
import type { Journal } from '#schemas/journal.ts'
import type { ModelCatalogue } from '#schemas/models/model.ts'
import type { ParseResult } from '#schemas/parse-result.ts'
import type { PipelineStatus, Reader } from '#schemas/ports.ts'
import type { ReportFacts } from '#schemas/report/facts.ts'
import type { Reports, ReportSends } from '#schemas/report/service.ts'
import type { Clock, Logger, RoleHealth } from '#schemas/role.ts'
import type { Audit } from './access/audit.ts'
import type { Alerting } from './alerts/alerting.ts'
import type { AccessConfig } from './access/config.ts'
import type { TokenStore } from './access/tokens.ts'

/** The demo's part in the API; absent outside the demo. */
export interface DemoControl {
  incidentRunning(): boolean
  playIncident(): void | Promise<void>
  /** Caption of the running incident, else null. */
  caption(): { readonly en: string; readonly zh: string } | null
  /** What the screen should say besides: history that is still being settled, else null. */
  notice(): { readonly en: string; readonly zh: string } | null
  /** What receivers of alerts would have got, newest first. */
  messages(): readonly DemoMessage[]
}

export interface Readiness {
  readonly ready: boolean
  /** What it waits for, in words: `writing history: 41 %`. */
  readonly progress: string
}

/** Everything the query service is given; it finds nothing by itself. */
export interface QueryDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Logger
  /** Reads captured tool output; `source` null = detect it. Throws E_PARSE_UNKNOWN. */
  readonly parse: (bytes: Uint8Array, source: string | null) => ParseResult | Promise<ParseResult>
  readonly ready: () => Readiness
  readonly simulated: boolean
  /** IANA zone of the site: a day is its local day. */
  readonly timeZone: string
  readonly version: string
  /** The ingest role's view, or null when it runs in another process. */
  readonly pipeline: () => PipelineStatus | null
  /** Health of every role of this process, for /metrics. */
  readonly roles: () => readonly { readonly name: string; readonly health: RoleHealth }[]
  readonly tokens: TokenStore
  readonly audit: Audit
  readonly access: AccessConfig
  /** The built dashboard, or null to serve the API only. */
  readonly dashboardDir: string | null
  readonly demo?: DemoControl
  /** Zone sets that people entered; absent or empty = the default. */
  readonly zoneSets?: () => readonly ZoneSet[]
  /** Rules and links of alerting; absent = none are known. */
  readonly alerting?: Alerting
  /** Tries rules on what is stored; absent = nobody does here. */
  readonly backtests?: (facts: BacktestFacts) => Backtests
  /** Builds reports of what this API answers; absent = there are none here. */
  readonly reports?: (facts: ReportFacts) => {
    readonly reports: Reports
    /** Null = this process has no journal: nothing can be sent from here. */
    readonly sends: ReportSends | null
  }
  /** What is known of accelerator models, the site's own entries first. */
  readonly models: ModelCatalogue
  /** The way to the collectors; null when this process has none. */
  readonly control: Control | null
  /** What people change; null when this process has no way to it. */
  readonly journal: Journal | null
}

/** Orders to collectors. */
export interface Control {
  readonly store: ControlStore
  /** Throws E_TARGETS_INVALID for a node list that cannot be understood. */
  readonly checkNodes: (nodes: string) => void
}
