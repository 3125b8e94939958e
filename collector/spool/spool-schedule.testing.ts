import * as fc from 'fast-check'
import type { CrashKind, Fault } from './crash-fs.testing.ts'

/** One thing that happens to a spool. Small numbers, so that every edge is met often. */
export type Step =
  | { readonly do: 'append'; readonly count: number; readonly bytes: number }
  | { readonly do: 'release'; readonly back: number; readonly boots: number }
  | { readonly do: 'resend'; readonly back: number; readonly count: number }
  | { readonly do: 'crash'; readonly kind: CrashKind; readonly calls: number }
  | { readonly do: 'reopen' }
  | { readonly do: 'fail'; readonly fault: Fault; readonly chance: number }
  | { readonly do: 'heal' }
  | { readonly do: 'hang'; readonly count: number }
  | { readonly do: 'rot'; readonly segment: number; readonly bit: number }
  | { readonly do: 'refuse gaps'; readonly refuse: boolean }

const small = (max: number) => fc.integer({ min: 0, max })
const append = fc.record({
  do: fc.constant('append' as const),
  count: fc.integer({ min: 1, max: 5 }),
  bytes: fc.constantFrom(20, 20, 20, 60, 200),
})

/** Schedules of steps, each with the seed of everything that the file system decides. */
export const schedules: fc.Arbitrary<{ readonly steps: readonly Step[]; readonly seed: number }> =
  fc.record({
    seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    steps: fc.array(
      fc.oneof(
        { weight: 8, arbitrary: append },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('release' as const),
            back: small(6),
            boots: small(2),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('resend' as const),
            back: small(12),
            count: small(5),
          }),
        },
        {
          weight: 3,
          arbitrary: fc.record({
            do: fc.constant('crash' as const),
            kind: fc.constantFrom('kill' as const, 'power' as const),
            calls: small(40),
          }),
        },
        { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
        {
          weight: 2,
          arbitrary: fc.record({
            do: fc.constant('fail' as const),
            fault: fc.constantFrom('ENOSPC' as const, 'EIO' as const, 'short' as const),
            chance: fc.constantFrom(1, 2, 4, 8),
          }),
        },
        { weight: 3, arbitrary: fc.record({ do: fc.constant('heal' as const) }) },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('hang' as const),
            count: fc.integer({ min: 1, max: 8 }),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('rot' as const),
            segment: small(5),
            bit: small(4000),
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            do: fc.constant('refuse gaps' as const),
            refuse: fc.boolean(),
          }),
        },
      ),
      { minLength: 1, maxLength: 24 },
    ),
  })
