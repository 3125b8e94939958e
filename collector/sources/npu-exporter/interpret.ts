import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import { readPage } from './devices.ts'
import { SOURCE_NAME } from './faults.ts'
import type { ReadMoment } from './freshness.ts'
import { type ExporterPage, LIMITS, parsePage } from './parse.ts'

/**
 * Reads one answer of npu-exporter. Never throws; a page without a readable chip is a failure, not an idle
 * node. `isCut`: the connection broke, so the last line counts only when it is whole.
 */
export function interpretPage(
  bytes: Uint8Array,
  moment: ReadMoment,
  isCut = false,
): Interpretation {
  const whole = isCut ? bytes.subarray(0, bytes.lastIndexOf(10) + 1) : bytes
  const page = parsePage(whole)
  if (whole.length < bytes.length) page.rejections.add(lastWords(bytes, whole.length), 'cut_line')
  const { devices, links, events, facts } = readPage(page, moment)
  const failure = whyFailed(page, devices)
  return {
    source: SOURCE_NAME,
    outcome: failure === null ? 'ok' : 'failed',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices,
    links,
    events,
    rejected: page.rejections.examples(),
    rejectedByReason: page.rejections.byReason(),
    ignored: [...page.ignored].toSorted().slice(0, LIMITS.ignored),
    toolLabels: {
      ...(page.exporterVersion === null ? {} : { exporter_version: page.exporterVersion }),
      ...facts,
    },
  }
}

const lastWords = (bytes: Uint8Array, from: number) =>
  new TextDecoder().decode(bytes.subarray(from, from + 512))

interface Failure {
  readonly reason: string
  readonly detail: string
}

function whyFailed(page: ExporterPage, devices: readonly DeviceReading[]): Failure | null {
  if (devices.some((device) => device.failed === null)) return null
  if (devices.length > 0) {
    return devices.every((device) => device.failed === 'stale_values') ? STALE : UNREAD
  }
  if (page.ownRows === 0 && page.ownHelp === 0 && page.otherRows > 0) return FOREIGN
  const hasRefusals = Object.keys(page.rejections.byReason()).length > 0
  if (page.ownRows === 0 && page.ownHelp === 0) return hasRefusals ? FOREIGN : EMPTY
  return NO_CHIPS
}

const STALE: Failure = {
  reason: 'stale_values',
  detail:
    'The exporter serves samples that no longer change: its link to the driver hangs. Restart npu-exporter; if it stays so, look for a hung chip in dmesg.',
}
const UNREAD: Failure = {
  reason: 'no_readings',
  detail:
    'The exporter lists chips but no reading of any of them: its driver queries fail. Run npu-smi info on the node and read the log of the exporter.',
}
const FOREIGN: Failure = {
  reason: 'not_exporter_text',
  detail: 'This is not a page of npu-exporter; check the address of the target.',
}
const EMPTY: Failure = {
  reason: 'empty_page',
  detail: 'The exporter answers with an empty page; restart it if it stays so.',
}
const NO_CHIPS: Failure = {
  reason: 'no_chip_rows',
  detail:
    'The page has no row of a chip: the exporter runs where it cannot see any. Check that it is privileged and has the driver mounted.',
}
