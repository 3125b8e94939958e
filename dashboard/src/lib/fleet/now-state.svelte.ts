import type { AlertsAnswer } from '#schemas/api-alerts.ts'
import type { ForecastAnswer } from '#schemas/api-forecast.ts'
import type { ZonesAnswer } from '#schemas/api-zones.ts'
import type { LedgerAnswer, LossAnswer } from '#schemas/api-ledger.ts'
import * as calls from '#lib/fleet/calls.ts'
import { minuteOf, nowOf, settledMinute } from '#lib/fleet/now.ts'
import { FLEET, levelsAt } from '#lib/site-zones.ts'
import { live } from '#lib/state/live.svelte.ts'
import { openAlerts } from '#lib/state/open-alerts.svelte.ts'
import { clock } from '#lib/state/clock.svelte.ts'
import { Resource } from '#lib/state/resource.svelte.ts'

/** Of open pages: enough to find the newest. */
const PAGES_MAX = 50
const MINUTE_MS = 60_000

/** What is told of now: asked once for every settled minute, and pages whenever their count was asked. */
export class NowState {
  readonly ledger = new Resource<LedgerAnswer>()
  readonly loss = new Resource<LossAnswer>()
  readonly forecast = new Resource<ForecastAnswer>()
  readonly pages = new Resource<AlertsAnswer>()
  readonly zones = new Resource<ZonesAnswer>()

  /** End of the newest settled minute, epoch ms. */
  settledMs = $derived(settledMinute(live.fleet?.settled_until ?? null)?.toMs ?? null)
  minute = $derived(this.ledger.value === null ? null : minuteOf(this.ledger.value))
  now = $derived(live.fleet === null ? null : nowOf(live.fleet, this.minute))

  /** Lines of the fleet now; until the site's own are known, those that stand by default. */
  levels = $derived(levelsAt(this.zones.value, FLEET, this.settledMs ?? clock.nowMs))

  load = (): void => {
    const toMs = this.settledMs
    if (toMs === null) return
    const window = { fromMs: toMs - MINUTE_MS, toMs }
    void this.ledger.load((signal) => calls.ledger(window, signal))
    void this.loss.load((signal) => calls.loss(window, signal))
    void this.forecast.load(calls.forecast)
  }

  /** For an effect of the page that shows it: asks again whenever there is something new, until the page leaves. */
  follow(): () => void {
    this.load()
    return () => {
      this.ledger.stop()
      this.loss.stop()
      this.forecast.stop()
    }
  }

  /** Lines change with a file of the site, seldom: asked once a visit. */
  followZones(): () => void {
    void this.zones.load(calls.zones)
    return () => this.zones.stop()
  }

  followPages(): () => void {
    void openAlerts.answer
    void this.pages.load((signal) => calls.openPages(PAGES_MAX, signal))
    return () => this.pages.stop()
  }
}
