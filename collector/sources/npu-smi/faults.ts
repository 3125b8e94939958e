import type { EventRecord } from '#schemas/records.ts'

/** What a fault asks for, mildest first (the vendor's own levels of fault handling). */
export type FaultClass =
  | 'no_action'
  | 'retry_request'
  | 'restart_job'
  | 'reset_when_free'
  | 'reset_now'
  | 'replace'
  | 'unknown'

export interface FaultAdvice {
  readonly severity: EventRecord['severity']
  /** What to do, for the person on call. */
  readonly action: string
}

export const FAULT_ADVICE: Readonly<Record<FaultClass, FaultAdvice>> = {
  no_action: { severity: 'info', action: 'no effect on work by itself; watch for repeats' },
  retry_request: { severity: 'warning', action: 'the request failed; the job should repeat it' },
  restart_job: { severity: 'critical', action: 'restart the job that uses this chip' },
  reset_when_free: {
    severity: 'critical',
    action: 'drain the chip and reset it once no job uses it',
  },
  reset_now: { severity: 'fatal', action: 'stop the job and reset the chip' },
  replace: {
    severity: 'fatal',
    action: 'isolate the chip: a reset does not help; ask the vendor for a replacement',
  },
  unknown: { severity: 'warning', action: 'look the code up in the vendor fault code reference' },
}

interface FaultFact {
  readonly faultClass: FaultClass
  readonly meaning: string
}

/**
 * Fault codes we know. Classes: default fault levels of the vendor's container manager and device plugin
 * (mind-cluster documentation, 2025); meanings of the heart-beat codes: event names of the open driver.
 * A code without a line here stays visible with class `unknown`.
 */
const FAULTS: ReadonlyMap<string, FaultFact> = new Map<string, FaultFact>([
  ['8C03A000', { faultClass: 'reset_now', meaning: 'a device process failed to start or exited' }],
  ['40F84E00', { faultClass: 'reset_now', meaning: 'heart beat of the device lost' }],
  ['80FA4E00', { faultClass: 'reset_now', meaning: 'heart beat of the device lost' }],
  ['8C084E00', { faultClass: 'reset_when_free', meaning: 'heart beat of adda lost' }],
  ['8C0A4E00', { faultClass: 'reset_when_free', meaning: 'heart beat of dmp_daemon lost' }],
  ['8C0C4E00', { faultClass: 'reset_when_free', meaning: 'heart beat of sklogd lost' }],
  ['8C0E4E00', { faultClass: 'reset_when_free', meaning: 'heart beat of slogd lost' }],
  ['8C104E00', { faultClass: 'reset_when_free', meaning: 'heart beat of log-daemon lost' }],
  ['8C124E00', { faultClass: 'reset_when_free', meaning: 'heart beat of hdcd lost' }],
  ['8C204E00', { faultClass: 'restart_job', meaning: 'heart beat of tsd_daemon lost' }],
  ['A60250A1', { faultClass: 'restart_job', meaning: 'heart beat of tsd_daemon lost' }],
  ['A4025021', { faultClass: 'no_action', meaning: 'heart beat of adda lost (black box entry)' }],
  ['A4025041', { faultClass: 'no_action', meaning: 'heart beat of slogd lost (black box entry)' }],
  ['A4025061', { faultClass: 'no_action', meaning: 'heart beat of sklogd lost (black box entry)' }],
  ['A4025081', { faultClass: 'no_action', meaning: 'heart beat of dmp lost (black box entry)' }],
  ['A40250E1', { faultClass: 'no_action', meaning: 'heart beat of log-daemon lost (black box)' }],
  ['A4025101', { faultClass: 'no_action', meaning: 'heart beat of hdcd lost (black box entry)' }],
])

/** Codes whose class is published and whose meaning is not: by class. */
const FAULTS_BY_CLASS: Readonly<Partial<Record<FaultClass, readonly string[]>>> = {
  restart_job: ['80E01801', 'A8028802', 'A4302003', 'A4302004', '81B38009', '81B38004'],
  reset_when_free: ['8C044E00', '8C064E00', '8C17A005', '8C19A005', '8C1DA005', '8C464E00'],
  reset_now: ['8C1FA006', '80E24E00', '80E18404', '80E18005', '80DE1801', 'A607FFFF', '8C4BA00C'],
  no_action: ['80E18400', '80E18401', 'A4028801', '80E18405', '8C2FA009'],
  replace: ['80E18402', 'A8028801', '80E3A201', '80E0020B', 'A2301000', 'A2302001'],
}

/** `0x8c03a000`, `8C03A000` -> `8C03A000`; anything that is no 32-bit hex word is null. */
export function canonicalFaultCode(text: string): string | null {
  const match = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text.trim())
  return match === null ? null : (match[1] ?? '').toUpperCase().padStart(8, '0')
}

/** Class, severity and advice of a canonical code; unknown codes keep class `unknown`. */
export function faultOf(code: string): FaultFact & FaultAdvice {
  const known = FAULTS.get(code)
  const faultClass = known?.faultClass ?? classOf(code)
  return { faultClass, meaning: known?.meaning ?? '', ...FAULT_ADVICE[faultClass] }
}

const CLASSES: ReadonlyMap<string, FaultClass> = new Map(
  (['no_action', 'restart_job', 'reset_when_free', 'reset_now', 'replace'] as const).flatMap(
    (faultClass) =>
      (FAULTS_BY_CLASS[faultClass] ?? []).map((code): [string, FaultClass] => [code, faultClass]),
  ),
)

function classOf(code: string): FaultClass {
  return CLASSES.get(code) ?? 'unknown'
}
