import type { CommandSpec } from './command.ts'
import { DATA, STORE, TIME_FROM, TIME_TO } from './option-sets.ts'

/** `plimsoll backtest`. */
export const BACKTEST: CommandSpec = {
  name: 'backtest',
  summary: 'what a rule would have told over past weeks: when, how far ahead, how often in vain',
  arguments: '--rule zone|forecast_zone --from TIME --to TIME [options]',
  details: `Replays a rule over what is stored and changes nothing. Each alert is a line; the last says whether it meets the bar
for paging. forecast_zone learns from up to eight weeks before --from. With the embedded engine: while plimsoll all is
stopped, since one process at a time may have it.`,
  options: {
    rule: { value: 'NAME', help: 'zone or forecast_zone' },
    from: TIME_FROM,
    to: TIME_TO,
    scope: {
      value: 'SCOPE',
      help: 'fleet (default), or each hall, cluster, model, pool, class, tenant',
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
