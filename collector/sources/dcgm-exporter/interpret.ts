import type { Interpretation } from '#schemas/reading.ts'
import { readDevices } from './devices.ts'
import { LIMITS } from './limits.ts'
import { readLinks } from './links.ts'
import { scanPage, type Page } from './parse.ts'
import { newRejects, type Rejects } from './rejects.ts'
import { statedEvents } from './stated.ts'
import type { UnitMemory } from './units.ts'

export interface PageInput {
  readonly memory: UnitMemory
  /** Epoch ms of the read, or null for a captured page. */
  readonly nowMs: number | null
  /** The connection broke: the last line is refused unless it is complete. */
  readonly isCut: boolean
}

/** Reads one answer of dcgm-exporter. Never throws; a page without a GPU is a failure, not an idle node. */
export function interpretPage(bytes: Uint8Array, input: PageInput): Interpretation {
  const rejects = newRejects()
  if (bytes.length > LIMITS.bytes) {
    return result(rejects, {
      outcome: 'failed',
      reason: 'too_large',
      detail: `The page is larger than ${LIMITS.bytes >> 20} MiB; reduce the exporter's field set.`,
    })
  }
  const whole = new TextDecoder().decode(bytes)
  const text = input.isCut ? wholeLines(whole, rejects) : whole
  const page = scanPage(text, rejects)
  const { devices, toolLabels, identities, units } = readDevices(page, { ...input, rejects })
  const links = readLinks(page, { identities, units, rejects })
  const events = statedEvents(page, { identities, rejects, nowMs: input.nowMs })
  const ignored = [...page.ignored].toSorted().slice(0, LIMITS.ignoredListed)
  const failure = devices.length > 0 ? null : whyEmpty(page, rejects.examples.length > 0)
  return result(rejects, {
    ...failure,
    devices,
    ...(links.length === 0 ? {} : { links }),
    events,
    toolLabels,
    ignored,
  })
}

function wholeLines(text: string, rejects: Rejects): string {
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) rejects.add('cut_line', text, end)
  return text.slice(0, end)
}

type Failure = Pick<Interpretation, 'outcome' | 'reason' | 'detail'>

function whyEmpty(page: Page, isRefused: boolean): Failure {
  if ((page.ignored.size > 0 || page.links.length > 0) && page.dcgmLines > 0) {
    return {
      outcome: 'failed',
      reason: 'no_gpu_rows',
      detail:
        'The page has rows, but none of a GPU; check with nvidia-smi whether the node sees its GPUs.',
    }
  }
  if (page.dcgmLines > 0 && isRefused) {
    return {
      outcome: 'failed',
      reason: 'no_readable_rows',
      detail: 'The page has DCGM rows, but none that can be read; see the rejected lines.',
    }
  }
  if (page.otherLines > 0 && page.dcgmLines === 0) {
    return {
      outcome: 'failed',
      reason: 'not_exporter_text',
      detail: 'This is not a page of dcgm-exporter; check the address of the target.',
    }
  }
  return {
    outcome: 'failed',
    reason: 'empty_page',
    detail:
      'The exporter answers without a single GPU row: it reloads, or its GPUs are gone; run nvidia-smi on the node, restart the exporter if it stays so.',
  }
}

function result(rejects: Rejects, parts: Partial<Interpretation>): Interpretation {
  return {
    source: 'dcgm-exporter',
    outcome: 'ok',
    reason: null,
    detail: null,
    devices: [],
    events: [],
    ignored: [],
    toolLabels: {},
    rejected: rejects.examples,
    rejectedByReason: rejects.byReason,
    ...parts,
  }
}
