import type { JournalBody } from '#schemas/journal.ts'
import type { Slot } from './fleet/jobs.ts'
import { slotAt } from './fleet/jobs.ts'
import type { Fleet } from './fleet/layout.ts'
import { demoNotes } from './notes.ts'

/** What the simulated site's people entered: tenants, prices, contracts, references, nodes they took out, notes. */
export interface BooksWish {
  readonly fleet: Fleet
  readonly slots: readonly Slot[]
  /** The history, epoch ms, half-open. */
  readonly fromMs: number
  readonly nowMs: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Gaps between jobs that were used to repair a node. */
const REPAIRS_MAX = 8
const REPAIR_MS_MIN = 30 * MINUTE
/** The first part of a repair, then the burn-in. */
const DRAINED_SHARE = 0.6

/** Entries in the order in which they are appended. Pure. */
export function demoBooks(wish: BooksWish): readonly JournalBody[] {
  return [
    owners(),
    prices(wish),
    references(wish),
    contracts(wish),
    repairs(wish),
    ...TRUSTED.map(accepted),
    demoNotes(wish),
  ]
}

/** Rules of the pack that begin by observing and that page here from the first minute: nobody watches a demo observe for a week. */
const TRUSTED = ['utilization_zone', 'mass_idle'] as const

const accepted = (rule: (typeof TRUSTED)[number]): JournalBody => ({
  kind: 'rule_trust',
  rule,
  trust: 'paging',
  because: 'the demo: these rules page from its first minute',
})

const tenant = (name: string, display_name: string, billing: 'paid' | 'internal') => ({
  tenant: name,
  display_name,
  contact: `oncall-${name}@example.com`,
  accounts: [name],
  namespaces: [name, `${name}-*`],
  queues: [],
  billing,
})

const owners = (): JournalBody => ({
  kind: 'owners',
  owners: [
    tenant('atlas', 'Atlas · 基础模型', 'internal'),
    tenant('borealis', 'Borealis Weather', 'paid'),
    tenant('cirrus', '卷云医疗影像', 'paid'),
    tenant('delta', 'Delta Robotics', 'paid'),
    tenant('ember', 'Ember · research', 'internal'),
  ],
})

const prices = ({ fromMs }: BooksWish): JournalBody => ({
  kind: 'prices',
  lines: [
    { from_ms: fromMs, model: 'NVIDIA H100 80GB HBM3', pool: '', per_hour: 2, currency: 'USD' },
    { from_ms: fromMs, model: 'NVIDIA H200', pool: '', per_hour: 2.5, currency: 'USD' },
    { from_ms: fromMs, model: 'Ascend 910B3', pool: '', per_hour: 8.5, currency: 'CNY' },
    { from_ms: fromMs, model: 'Ascend 910C', pool: '', per_hour: 11, currency: 'CNY' },
  ],
  currencies: [{ from_ms: fromMs, currency: 'CNY', usd: 0.14 }],
  electricity: [
    {
      from_ms: fromMs,
      currency: 'CNY',
      // Valley, day, evening peak.
      periods: [
        { from_minute: 0, per_kwh: 0.33 },
        { from_minute: 8 * 60, per_kwh: 0.62 },
        { from_minute: 18 * 60, per_kwh: 0.92 },
        { from_minute: 22 * 60, per_kwh: 0.33 },
      ],
    },
  ],
})

const references = ({ fromMs }: BooksWish): JournalBody => ({
  kind: 'references',
  references: [
    { from_ms: fromMs, class: 'training', model: '', effective: 0.45 },
    { from_ms: fromMs, class: 'serving', model: '', effective: 0.2 },
  ],
})

const contracts = ({ fleet, fromMs }: BooksWish): JournalBody => {
  const devicesOf = (model: string) =>
    fleet.devices.filter(({ spec }) => spec.model === model).length
  const share = (model: string, part: number) => Math.max(1, Math.floor(devicesOf(model) * part))
  const lease = (id: string, name: string, model: string, part: number) => ({
    id,
    tenant: name,
    model,
    pool: '',
    devices: share(model, part),
    from_ms: fromMs,
    to_ms: null,
    rate_per_hour: 2.2,
    flat_fee: null,
    currency: 'USD',
  })
  return {
    kind: 'contracts',
    contracts: [
      lease('2026-017', 'borealis', 'NVIDIA H100 80GB HBM3', 0.15),
      lease('2026-022', 'cirrus', 'NVIDIA H200', 0.2),
      lease('2026-031', 'delta', 'Ascend 910B3', 0.2),
    ],
  }
}

/** Nodes between two jobs: drained for a repair, then burnt in. Nobody's job is in the way. */
function repairs({ fleet, slots, fromMs, nowMs }: BooksWish): JournalBody {
  const gaps = slots.flatMap((slot) => {
    const gap = longestGap(slot, fleet.seed, { fromMs, toMs: nowMs })
    return gap === null ? [] : [{ slot, ...gap }]
  })
  const states = gaps
    .toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs) || a.slot.id - b.slot.id)
    .slice(0, REPAIRS_MAX)
    .flatMap(({ slot, fromMs: gapMs, toMs }, index) => {
      const node = slot.nodes[0]?.name ?? ''
      const readyMs = gapMs + Math.round((toMs - gapMs) * DRAINED_SHARE)
      const common = { key: '', node, ticket: `OPS-${4100 + index}`, waiting_on: '', eta_ms: null }
      return [
        {
          ...common,
          state: 'drained' as const,
          reason: index % 2 === 0 ? 'cable' : 'firmware',
          waiting_on: index % 2 === 0 ? 'vendor' : 'operations',
          eta_ms: readyMs,
          from_ms: gapMs,
          to_ms: readyMs,
        },
        {
          ...common,
          state: 'verification' as const,
          reason: 'burn_in',
          from_ms: readyMs,
          to_ms: toMs,
        },
      ]
    })
  return { kind: 'device_states', import_id: 'demo-repairs', states }
}

/** The longest time within a window in which nobody holds a slot, on whole minutes; null below half an hour. */
function longestGap(
  slot: Slot,
  seed: number,
  window: { readonly fromMs: number; readonly toMs: number },
): { readonly fromMs: number; readonly toMs: number } | null {
  let best: { readonly fromMs: number; readonly toMs: number } | null = null
  let startMs: number | null = null
  for (let ms = window.fromMs; ms <= window.toMs; ms += 10 * MINUTE) {
    const isFree = ms < window.toMs - HOUR && slotAt(slot, seed, ms).job === null
    if (isFree) startMs ??= ms
    else if (startMs !== null) {
      const gap = { fromMs: startMs, toMs: ms - 10 * MINUTE }
      const lasts = gap.toMs - gap.fromMs
      if (lasts >= REPAIR_MS_MIN && lasts > (best === null ? 0 : best.toMs - best.fromMs))
        best = gap
      startMs = null
    }
  }
  return best
}
