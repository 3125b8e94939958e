import type { CsvCell } from '#lib/csv.ts'

/** A chart's columns as a table: begin of each bucket in UTC, and a column per line with its unit in its name. */
export function seriesCsv(
  times: readonly number[],
  columns: readonly {
    readonly name: string
    /** As in `watts`, `ratio`; empty = the name says it. */
    readonly unit: string
    readonly values: readonly (number | null)[]
  }[],
): { readonly header: readonly string[]; readonly rows: readonly (readonly CsvCell[])[] } {
  return {
    header: [
      'time (UTC)',
      ...columns.map(({ name, unit }) => (unit === '' ? name : `${name} (${unit})`)),
    ],
    rows: times.map((ms, index) => [
      new Date(ms).toISOString(),
      ...columns.map(({ values }) => values[index] ?? null),
    ]),
  }
}
