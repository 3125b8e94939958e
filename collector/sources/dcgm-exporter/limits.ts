/** Bounds on everything a page may make us do; what goes beyond is refused and counted, never fatal. */
export const LIMITS = {
  /** Body: an 8-GPU page has 40-70 kB, MIG and shared GPUs multiply that. */
  bytes: 8 << 20,
  /** One line: real rows have 200-400 characters. */
  lineChars: 64 << 10,
  /** Series kept per page: 8 GPUs x 7 instances x about 60 known fields stay below it. */
  series: 5_000,
  /** Rows of links and of events kept per page: 8 GPUs x 18 links x about 12 fields stay below each. */
  extraRows: 5_000,
  /** Different label texts per page, known field or not. */
  blocks: 5_000,
  labelsPerRow: 128,
  /** Characters kept of any label value (the wire allows 256). */
  text: 256,
  examples: 8,
  /** A whole real row: the refused value stands at its end. */
  exampleChars: 512,
  /** Names of fields without a canonical metric: collected, then listed. */
  ignoredSeen: 2_048,
  ignoredListed: 256,
  /** Devices whose counters are watched: energy to tell millijoules from joules, sums and slopes. */
  energyTracked: 256,
} as const
