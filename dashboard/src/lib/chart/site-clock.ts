/** Zones change their clock at whole quarters of an hour. */
const SLOT_MS = 900_000
/** A year of hourly ticks; then it begins anew. */
const SLOTS_MAX = 10_000

/**
 * A slow conversion to a site's wall clock, asked once for every quarter of an hour: browsers take half a millisecond for it,
 * and axes ask for hundreds of times at every drawing. Times are epoch ms.
 */
export function quarterly(convert: (ms: number) => Date): (ms: number) => Date {
  const shifts = new Map<number, number>()
  return (ms) => {
    const slot = Math.floor(ms / SLOT_MS)
    let shift = shifts.get(slot)
    if (shift === undefined) {
      if (shifts.size >= SLOTS_MAX) shifts.clear()
      shift = convert(slot * SLOT_MS).getTime() - slot * SLOT_MS
      shifts.set(slot, shift)
    }
    return new Date(ms + shift)
  }
}
