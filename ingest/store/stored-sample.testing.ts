import { OWN_BUSY_COLUMN, WHOLE_NUMBERS } from './whole-numbers.ts'

type Row = Readonly<Record<string, unknown>>

/** A row of `samples` under the names of its metrics -> the columns that it is stored in, one row at a time. */
export function storedSample(row: Row): Record<string, unknown> {
  const stored: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    const as = WHOLE_NUMBERS.get(name)
    if (name === 'busy_ratio') stored[OWN_BUSY_COLUMN] = value
    else if (as === undefined) stored[name] = value
    else if (typeof value === 'number') {
      const whole = Math.round(value * as.perUnit)
      const back = whole / as.perUnit
      const isWhole =
        as.type === 'Int32' ? Math.fround(back) === Math.fround(value) : back === value
      stored[isWhole ? as.column : as.restColumn] = isWhole ? whole : value
    }
  }
  return stored
}
