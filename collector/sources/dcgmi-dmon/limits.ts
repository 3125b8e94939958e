/** Bounds on everything the tool's text may make us do; what goes beyond is refused and counted, never fatal. */
export const LIMITS = {
  /** A row of 64 fields has about 1,300 characters. */
  lineChars: 4096,
  /** Columns of one header: DCGM itself stops at 128 fields. */
  columns: 128,
  /** Rows kept: 16 boards, their instances and 18 links each. */
  entities: 1024,
  /** GPUs, instances of one inventory. */
  inventory: 1024,
  /** Names without a canonical metric that are listed. */
  ignored: 256,
  /** Characters kept of a name or other text of the tool. */
  text: 200,
  /** Lines waiting in the stream between two reads: a minute of 16 boards at one pass a second. */
  streamLines: 4096,
  inventoryBytes: 1 << 20,
} as const
