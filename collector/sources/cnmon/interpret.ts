import { type DeviceReading, type Interpretation, unread } from '#schemas/reading.ts'
import { createRejections, detached, type Rejections } from '../../formats/rejections.ts'
import { TEXT_LIMITS, textLines } from '../../formats/text-lines.ts'
import { boxDevices, jsonDevices } from './devices.ts'
import { EMPTY_BOX, EMPTY_OUTPUT, type Failure, failureOf, NOT_CNMON } from './failures.ts'
import type { RejectReason } from './lines.ts'
import { BOX_IGNORED } from './map.ts'
import { type Box, parseBox } from './parse-box.ts'
import { looksLikeJson, parseJson } from './parse-json.ts'

export const SOURCE_NAME = 'cnmon'

/** Any captured output of the tool, box or `cnmon_info.json`. Pure; never throws. */
export function interpret(bytes: Uint8Array): Interpretation {
  const rejections = createRejections<RejectReason>()
  const text = jsonText(bytes)
  if (text !== null) {
    const cards = parseJson(text, rejections)
    const devices = cards === null ? [] : jsonDevices(cards, rejections)
    return result(rejections, devices, {
      failure: cards === null ? NOT_CNMON : null,
      format: 'json',
    })
  }
  let stated: Failure | null = null
  const foreign: string[] = []
  const lines = textLines(bytes, (line, reason) => rejections.add(line, reason))
  const box = parseBox(lines, rejections, (line) => {
    stated ??= failureOf(line)
    if (failureOf(line) === null) {
      rejections.add(line, 'not_cnmon')
      if (foreign.length === 0) foreign.push(line)
    }
  })
  const devices = boxDevices(box, rejections)
  const isSilent = !box.isBox && stated === null && foreign.length === 0
  const hasRefusals = Object.keys(rejections.byReason()).length > 0
  const failure =
    stated ?? (box.isBox ? EMPTY_BOX : isSilent && !hasRefusals ? EMPTY_OUTPUT : NOT_CNMON)
  return result(rejections, devices, { failure, format: 'box', box })
}

/** The whole output as text when it is the JSON file, else null. */
function jsonText(bytes: Uint8Array): string | null {
  if (bytes.length > TEXT_LIMITS.bytes) return null
  const first = bytes.find((byte) => byte > 32)
  if (first !== 0x7b) return null
  const text = new TextDecoder().decode(bytes)
  return looksLikeJson(text) ? text : null
}

interface Read {
  /** What it is when no card could be read. */
  readonly failure: Failure | null
  readonly format: 'box' | 'json'
  readonly box?: Box
}

function result(
  rejections: Rejections<RejectReason>,
  devices: readonly DeviceReading[],
  { failure, format, box }: Read,
): Interpretation {
  const isRead = devices.some((device) => device.failed === null)
  const why = isRead ? null : devices.length > 0 ? EMPTY_BOX : (failure ?? EMPTY_BOX)
  return {
    source: SOURCE_NAME,
    outcome: why?.outcome ?? 'ok',
    reason: why?.reason ?? null,
    detail: why?.detail ?? null,
    devices,
    events: [],
    rejected: rejections.examples(),
    rejectedByReason: rejections.byReason(),
    ignored: ignoredColumns(box),
    toolLabels: {
      ...(devices.length > 0 ? { format } : {}),
      ...version('tool_version', box?.toolVersion),
      ...version('driver_version', box?.driverVersion),
    },
  }
}

const version = (name: string, printed: string | null | undefined) =>
  printed === null || printed === undefined ? {} : { [name]: detached(printed) }

function ignoredColumns(box: Box | undefined): string[] {
  const cards = box?.cards ?? []
  return [
    ...(cards.length > 0 ? [BOX_IGNORED.ecc_errors] : []),
    ...(cards.some((card) => card.hasVirtualMemory) ? [BOX_IGNORED.virtual_memory] : []),
  ]
}

/** A read that ended before there was an output. */
export const failedRead = (failure: Failure): Interpretation => unread(SOURCE_NAME, failure)
