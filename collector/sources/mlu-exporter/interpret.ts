import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import type { Naming } from './config.ts'
import { readPage } from './devices.ts'
import { type ReadMoment, SOURCE_NAME } from './faults.ts'
import { type ExporterPage, likelyPrefix, LIMITS, parsePage } from './parse.ts'

/** What an answer is read with. */
export interface PageContext {
  readonly naming: Naming
  readonly moment: ReadMoment
  /** The connection broke: the last line counts only when it is whole. */
  readonly isCut: boolean
}

/** Reads one answer of mlu-exporter. Never throws; a page without a readable card is a failure, not an idle node. */
export function interpretPage(bytes: Uint8Array, context: PageContext): Interpretation {
  const whole = context.isCut ? bytes.subarray(0, bytes.lastIndexOf(10) + 1) : bytes
  const page = parsePage(whole, context.naming)
  if (whole.length < bytes.length)
    page.rejections.add(new TextDecoder().decode(bytes.subarray(whole.length)), 'cut_line')
  const { devices, links, events } = readPage(page, context.moment)
  const failure = whyFailed(page, devices, context.naming.prefix)
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
    toolLabels: {},
  }
}

interface Failure {
  readonly reason: string
  readonly detail: string
}

function whyFailed(
  page: ExporterPage,
  devices: readonly DeviceReading[],
  prefix: string,
): Failure | null {
  if (devices.some((device) => device.failed === null && device.parent === null)) return null
  if (devices.length > 0) {
    const isDown = devices.every((device) => device.failed === 'driver_not_running')
    return isDown ? DRIVER_DOWN : UNREAD
  }
  // Counts of the node and figures of the host under the right names, and no card.
  if (page.knownRows > 0 || (page.ignored.size > 0 && page.cardRows === 0)) return NO_DEVICES
  if (page.rows > 0) return noKnownMetrics(page, prefix)
  if (page.vendorHelp.length > 0) return NO_DEVICES
  const isBlank = Object.keys(page.rejections.byReason()).length === 0
  return isBlank ? EMPTY : FOREIGN
}

/** Prefix, names and labels come from a file of the site: say loudly that they are not those we look for. */
function noKnownMetrics(page: ExporterPage, prefix: string): Failure {
  const likely = likelyPrefix(page)
  const hint =
    likely !== null
      ? `The HELP texts speak of Cambricon under the prefix "${likely.slice(0, 64)}": set prefix in the mlu-exporter section.`
      : page.vendorHelp.length > 0
        ? `The HELP texts speak of Cambricon under names such as ${page.vendorHelp[0]?.slice(0, 80)}: map them by names in the mlu-exporter section.`
        : 'No HELP text speaks of Cambricon either: check the address of the target.'
  return {
    reason: 'no_known_metrics',
    detail: `The page has no metric "${prefix}…" that this source knows; the exporter takes its names from a file of the site. ${hint}`,
  }
}

const DRIVER_DOWN: Failure = {
  reason: 'driver_not_running',
  detail:
    'The exporter says that the driver of every card is not running: look at cnmon and the kernel log of the node, and load the driver again.',
}
const UNREAD: Failure = {
  reason: 'no_readings',
  detail:
    'The exporter lists cards but no reading of any of them: its driver queries fail. Run cnmon on the node and read the log of the exporter.',
}
const NO_DEVICES: Failure = {
  reason: 'no_device_rows',
  detail:
    'The page has no row of a card: the exporter runs where it cannot see any. Check that the driver is loaded and the devices are mounted.',
}
const EMPTY: Failure = {
  reason: 'empty_page',
  detail: 'The exporter answers with an empty page; restart it if it stays so.',
}
const FOREIGN: Failure = {
  reason: 'not_exporter_text',
  detail: 'This is not a page of mlu-exporter; check the address of the target.',
}
