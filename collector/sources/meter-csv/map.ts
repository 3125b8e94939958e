import type { ColumnRole, TableLayout } from '../../formats/meter-table.ts'
import { createTimeReader } from '../../formats/wall-time.ts'
import type { MeterCsvConfig } from './options.ts'

const layouts = new WeakMap<object, TableLayout>()

/** What the options say about the tables; made once per configuration, since times of a zone are remembered in it. */
export function layoutOf(config: MeterCsvConfig): TableLayout {
  const layout = layouts.get(config) ?? newLayout(config)
  layouts.set(config, layout)
  return layout
}

function newLayout(config: MeterCsvConfig): TableLayout {
  const columns = Object.entries(config.columns).map(
    ([name, column]): readonly [string, ColumnRole] => [
      name,
      typeof column === 'string' ? { as: column } : { as: 'measure', ...column },
    ],
  )
  return {
    delimiter: config.delimiter ?? null,
    decimal: config.decimal,
    readTime: createTimeReader({ zone: config.time_zone ?? null, order: config.date_order }),
    meter: config.meter ?? null,
    columns: new Map(columns),
    names: new Map(Object.entries(config.names)),
    stepMs: config.step,
  }
}
