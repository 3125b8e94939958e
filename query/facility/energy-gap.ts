import type { ItGap } from '#schemas/api-facility.ts'
import {
  facilityDeviceEnergy,
  facilityIt,
  facilityLedgerEnergy,
} from '../queries/facility-energy.ts'
import { DAY_MS, type TimeWindow } from '../window.ts'
import type { FacilityDeps } from './deps.ts'
import { rangeOf } from './periods.ts'
import { bucketsIn, kwhOf, shareOf } from './pue-figures.ts'

/** Rows of every node are too many beyond it. */
const DEVICES_WINDOW_MS_MAX = 35 * DAY_MS
/** Minutes of a longer window are too many where no energy of devices is settled. */
const LEDGER_WINDOW_MS_MAX = 7 * DAY_MS
/** Milliwatt milliseconds in a millijoule. */
const MW_MS_PER_MJ = 1000n

/** What devices say of their energy. */
export interface DeviceEnergy {
  readonly source: 'energy' | 'ledger'
  readonly mj: bigint
  /** Capacity that the energy speaks for, and all of it, ms. */
  readonly spokenMs: bigint
  readonly capacityMs: bigint
  /** Capacity on nodes that say nothing at all, and how many; null = not told apart. */
  readonly silent: { readonly ms: bigint; readonly nodes: number } | null
}

/**
 * Metered IT energy of a window beside the energy of its devices, over the same buckets: one whose devices are not settled
 * yet would look like a gap. Null where no bucket has a complete IT side.
 */
export async function itGap(deps: FacilityDeps, window: TimeWindow): Promise<ItGap | null> {
  const devices = await deviceEnergy(deps, window)
  const beside = devices?.source === 'energy' ? 'devices' : 'nothing'
  const [it] = await facilityIt.run(deps.reader, { ...rangeOf(window), beside })
  if (it === undefined || it.counted === 0) return null
  return gapOf(it.sum_it_mj, Math.min(1, it.counted / bucketsIn(window)), devices)
}

async function deviceEnergy(deps: FacilityDeps, window: TimeWindow): Promise<DeviceEnergy | null> {
  const lengthMs = window.toMs - window.fromMs
  if (lengthMs > DEVICES_WINDOW_MS_MAX) return null
  const [settled] = await facilityDeviceEnergy.run(deps.reader, rangeOf(window))
  if (settled !== undefined && settled.capacity_ms > 0n)
    return {
      source: 'energy',
      mj: settled.energy_mj,
      spokenMs: settled.spoken_ms,
      capacityMs: settled.capacity_ms,
      silent: { ms: settled.silent_ms, nodes: settled.silent_nodes },
    }
  if (lengthMs > LEDGER_WINDOW_MS_MAX) return null
  const [ledger] = await facilityLedgerEnergy.run(deps.reader, rangeOf(window))
  if (ledger === undefined || ledger.capacity_ms === 0n) return null
  return {
    source: 'ledger',
    mj: ledger.power_mw_ms / MW_MS_PER_MJ,
    spokenMs: ledger.spoken_ms,
    capacityMs: ledger.capacity_ms,
    silent: null,
  }
}

/** Splits measured IT energy; the parts sum to it. Pure. */
export function gapOf(measuredMj: bigint, coverage: number, devices: DeviceEnergy | null): ItGap {
  const measured = { measured_kwh: kwhOf(measuredMj), coverage }
  if (devices === null) return { ...measured, ...NO_DEVICES }
  const { source, mj, spokenMs, capacityMs, silent } = devices
  const atMean = (ms: bigint) => (spokenMs <= 0n ? 0n : (mj * ms) / spokenMs)
  const unspokenMs = capacityMs > spokenMs ? capacityMs - spokenMs : 0n
  const silentMs = silent === null ? 0n : silent.ms < unspokenMs ? silent.ms : unspokenMs
  const silentMj = atMean(silentMs)
  const gapsMj = atMean(unspokenMs - silentMs)
  const hostMj = measuredMj - mj - silentMj - gapsMj
  return {
    ...measured,
    source,
    devices_kwh: kwhOf(mj),
    devices_coverage: shareOf(spokenMs, capacityMs),
    parts:
      spokenMs <= 0n
        ? null
        : {
            devices_kwh: kwhOf(mj),
            silent_nodes_kwh: kwhOf(silentMj),
            gaps_kwh: kwhOf(gapsMj),
            host_kwh: kwhOf(hostMj),
          },
    silent_nodes: silent?.nodes ?? null,
    host_share: spokenMs <= 0n || measuredMj === 0n ? null : Number(hostMj) / Number(measuredMj),
    contradicts: spokenMs > 0n && hostMj < 0n,
  }
}

const NO_DEVICES = {
  source: null,
  devices_kwh: null,
  devices_coverage: null,
  parts: null,
  silent_nodes: null,
  host_share: null,
  contradicts: false,
} as const
