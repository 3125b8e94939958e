import type { CommandSpec } from './command.ts'
import { DATA, STORE, TIME_FROM, TIME_TO } from './option-sets.ts'

/** `plimsoll backtest`. */
export const BACKTEST: CommandSpec = {
  name: 'backtest',
  summary: 'what a rule would have told over past weeks: when, how far ahead, how often in vain',
  arguments: '--rule NAME --from TIME --to TIME [options]',
  details: `Replays a rule over what is stored and changes nothing. Each alert is a line; the last says whether it meets the bar
for paging. forecast_zone learns from up to eight weeks before --from. A server that runs is asked (--server; its token needs
the role operate) and can try every rule whose figures are kept (docs/alerts.md). Without one, or with --clickhouse, zone and
forecast_zone are tried on the store itself.`,
  options: {
    rule: { value: 'NAME', help: 'zone, forecast_zone, or with a server any other rule' },
    server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
    from: TIME_FROM,
    to: TIME_TO,
    scope: {
      value: 'SCOPE',
      help: 'fleet, or each hall, cluster, model, pool, class, tenant; default the zone sets of the server, else the fleet',
    },
    holidays: {
      value: 'DATES',
      help: 'local dates that are like Sundays: 2026-02-17,2026-02-18',
    },
    timezone: {
      value: 'ZONE',
      help: "the site's time zone; a day is its local day (PLIMSOLL_TIMEZONE; default UTC)",
    },
    ...DATA,
    ...STORE,
  },
  examples: [
    'plimsoll backtest --rule zone --from 2026-05-01T00:00Z --to 2026-06-01T00:00Z',
    'plimsoll backtest --rule forecast_zone --from 2026-05-01T00:00+08:00 --to 2026-06-01T00:00+08:00',
  ],
  load: () => import('./commands/backtest.ts'),
}
