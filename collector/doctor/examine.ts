import { checkAgreement } from './checks/agreement.ts'
import { checkClock } from './checks/clock.ts'
import { checkDelivery } from './checks/delivery.ts'
import { checkFreshness } from './checks/freshness.ts'
import { checkHardware } from './checks/hardware.ts'
import { checkHost } from './checks/host.ts'
import { checkInventory } from './checks/inventory.ts'
import { checkMeterPairs } from './checks/meter-pairs.ts'
import { checkMeters } from './checks/meters.ts'
import { checkMeterTree } from './checks/meter-tree.ts'
import { checkSources } from './checks/sources.ts'
import { checkTools } from './checks/tools.ts'
import { checkValues } from './checks/values.ts'
import type { Facts } from './facts.ts'
import { type Finding, STATUSES } from './finding.ts'

const CHECKS: readonly ((facts: Facts) => Finding[])[] = [
  checkHost,
  checkTools,
  checkHardware,
  checkSources,
  checkValues,
  checkFreshness,
  checkAgreement,
  checkMeters,
  checkMeterPairs,
  checkMeterTree,
  checkInventory,
  checkClock,
  checkDelivery,
]

/** What the facts mean: every finding, in the order of the checks. Pure. */
export const examine = (facts: Facts): Finding[] => CHECKS.flatMap((check) => check(facts))

/** Worst first; within one status the order of the checks stays. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return STATUSES.toReversed().flatMap((status) =>
    findings.filter((finding) => finding.status === status),
  )
}
