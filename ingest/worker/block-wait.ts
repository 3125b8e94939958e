/** Rows per second up to which an insert waits its shortest, and from which on its longest. */
const FEW_ROWS_PER_S = 1_000
const MANY_ROWS_PER_S = 20_000
/** The longest wait, in shortest ones. */
const GROWTH = 2

/**
 * How long a block is gathered, ms, when rows come at this rate. Small fleets are told quickly, and an
 * insert costs the engine the same however few its rows are; large ones fill large blocks, which cost less a
 * row. In between it grows with the logarithm of the rate.
 */
export function blockWaitMs(shortestMs: number, rowsPerSecond: number): number {
  const place =
    Math.log(rowsPerSecond / FEW_ROWS_PER_S) / Math.log(MANY_ROWS_PER_S / FEW_ROWS_PER_S)
  const share = Math.min(1, Math.max(0, Number.isNaN(place) ? 0 : place))
  return Math.round(shortestMs * (1 + (GROWTH - 1) * share))
}

/** One gathered block. */
export interface SeenBlock {
  readonly rows: number
  /** From where its waiting began to where the next one's did, ms. */
  readonly tookMs: number
}

/** The rate as known after one more block; half of what is believed is the newest. */
export function rateAfter(rowsPerSecond: number, { rows, tookMs }: SeenBlock): number {
  if (tookMs <= 0) return rowsPerSecond
  return (rowsPerSecond + (rows * 1000) / tookMs) / 2
}
