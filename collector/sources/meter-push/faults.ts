import type { Unread } from '#schemas/reading.ts'

/** Why there is nothing; one sentence each, with what to do. */
export const FAILURES = {
  not_listening: {
    reason: 'not_listening',
    detail: 'Nothing listens for pushes; see the line of the listener for why.',
  },
  nothing_pushed: {
    outcome: 'absent',
    reason: 'nothing_pushed',
    detail:
      'Nobody pushed readings for a while; see whether the sender runs and what answer it gets.',
  },
  no_readings: {
    reason: 'no_readings',
    detail: 'Nothing in this text is a reading; see the refused lines.',
  },
} as const satisfies Readonly<Record<string, Unread>>

/** A body that is no push at all. */
export const noBody = (why: string): Unread => ({
  reason: 'no_body',
  detail: `This is no push of readings: ${why}.`,
})

/** Pushes without a token would let anybody write readings: none are taken. */
export const noToken = (missing: string) => ({
  reason: 'no_token',
  detail: `Pushes are not taken: ${missing}; put one there and restart.`,
})
