/** Texts of the kiosk. Functions take text that is already formatted. */

const counted = (n: string, one: string, many: string) => `${n} ${n === '1' ? one : many}`

export const enKiosk = {
  title: 'Kiosk',
  views: {
    fleet: 'Fleet busy',
    wall: 'Every device',
    loss: 'Loss now',
    energy: 'Energy',
    alerts: 'Alerts',
  },
  controls: 'Kiosk controls',
  previous: 'Previous',
  next: 'Next',
  pause: 'Pause',
  resume: 'Go on',
  paused: 'Paused',
  leave: 'Leave',
  keys: 'Space pauses, arrow keys switch.',
  stale: (age: string) => `Stale: nothing new for ${age}`,
  lost: 'Connection lost',
  connecting: 'Connecting',
  reporting: (n: string, total: string) => `${n} of ${total} report`,
  loss: {
    lead: { short: 'per hour against the 75 % target', ahead: 'per hour ahead of the 75 % target' },
    capacity: (usd: string) => `${usd}/h against all capacity`,
    states: {
      failed: 'Failed',
      drained: 'Drained',
      unallocated: 'Unallocated',
      idle_held: 'Held, idle',
      throttled: 'Throttled',
      part_busy: 'Part-busy',
      inefficient: 'Inefficient',
    },
    perHour: (usd: string) => `${usd}/h`,
    assumed: 'Some prices are assumed.',
    unknown: 'No price is known.',
  },
  energy: {
    day: 'last 24 hours',
    incomplete: 'incomplete',
    coverage: (share: string) => `${share} of it is known`,
    it: 'IT load',
    site: 'Site load',
    used: 'Energy',
    target: (pue: string) => `built for ${pue}`,
    none: 'No meter of the site is known.',
  },
  alerts: {
    pages: (n: string) => counted(n, 'page', 'pages'),
    warns: (n: string) => counted(n, 'warning', 'warnings'),
    none: 'Nothing is open',
    noneText: 'Nobody has to act now.',
    unknown: 'Not known',
    unknownText: 'The evaluator of alerts is silent.',
    more: (n: string) => `and ${n} more`,
  },
}

/** The shape that every language has. */
export type KioskTexts = typeof enKiosk
