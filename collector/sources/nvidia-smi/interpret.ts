import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import { detached } from '../../formats/rejections.ts'
import { TEXT_LIMITS, textLines } from '../../formats/text-lines.ts'
import { normalBus, slotKey } from '../../vendors/nvidia-identity.ts'
import { type Capture, type Form, LIMITS } from './capture.ts'
import { faultEvent, type ReadGpus, readGpus, versionLabels, VENDOR } from './devices.ts'
import {
  EMPTY_OUTPUT,
  type Failure,
  type LostDevice,
  lostDevices,
  NO_GPUS,
  NO_HEADER,
  NOT_NVIDIA_SMI,
  onlyLost,
  OTHER_QUERIES,
  silentFailure,
  statedFailure,
} from './failures.ts'
import { listedDevices, listedLinks } from './listed-devices.ts'
import { EMITTED } from './map.ts'
import { ROLES } from './map-facts.ts'
import { csvLines, parseCsv } from './parse-csv.ts'
import { type ListedGpu, parseList } from './parse-list.ts'
import { parseQ } from './parse-q.ts'
import { readTable } from './parse-table.ts'
import { parseXml } from './parse-xml.ts'
import { MIG_EMITTED } from './partitions.ts'
import { cellOf } from './readings.ts'
import { headerAt, joinBlanks, recognizeText, type Shape } from './recognize.ts'
import { createRefusals, type Refusals } from './refusals.ts'
import { readText } from './values.ts'

export const SOURCE_NAME = 'nvidia-smi'

/** What the caller knows beside the bytes. */
export interface InterpretOptions {
  /** Read as this form only, and report it as `nvidia-smi-<form>`. */
  readonly form?: Form
  /** `-L` of the same moment. */
  readonly listed?: readonly ListedGpu[]
  readonly exitCode?: number | null
}

/** Any captured output of the tool -> devices, events, refusals. Pure; never throws. */
export function interpret(bytes: Uint8Array): Interpretation {
  return interpretOutput(bytes)
}

/** As interpret, with what a live read knows. */
export function interpretOutput(bytes: Uint8Array, options: InterpretOptions = {}): Interpretation {
  const refusals = createRefusals()
  const text = new TextDecoder().decode(bytes.subarray(0, TEXT_LIMITS.bytes))
  const { shape } = recognizeText(text)
  const errors = errorText(text)
  const work: Work = {
    bytes,
    text,
    shape,
    refusals,
    lost: lostDevices(errors, LIMITS.lostDevices),
    stated: statedFailure(errors),
    options,
    source: options.form === undefined ? SOURCE_NAME : `${SOURCE_NAME}-${options.form}`,
  }
  const { form } = options
  if (form !== undefined && shape !== form && shape !== 'error' && shape !== 'empty')
    return finish(work, { ...NOTHING, failure: otherForm(form, shape) })
  if (shape === 'list') return finish(work, readList(work))
  if (shape === 'table') return finish(work, readDefaultTable(work))
  if (shape === 'xml' || shape === 'q' || shape === 'csv')
    return finish(work, readForm(work, shape))
  return finish(work, { ...NOTHING, failure: failureOf(work) })
}

interface Work {
  readonly bytes: Uint8Array
  readonly text: string
  readonly shape: Shape
  readonly refusals: Refusals
  readonly lost: readonly LostDevice[]
  readonly stated: Failure | null
  readonly options: InterpretOptions
  readonly source: string
}

/** What was read of an output. */
interface Read extends ReadGpus {
  readonly links?: Interpretation['links']
  readonly ignored: readonly string[]
  readonly toolLabels: Readonly<Record<string, string>>
  readonly failure: Failure | null
}

const NOTHING: Read = { devices: [], events: [], ignored: [], toolLabels: {}, failure: null }

/** Error texts stand at the start or the end, wrapped or not. */
const ERROR_CHARS = 16_384

function errorText(text: string): string {
  const parts =
    text.length <= 2 * ERROR_CHARS
      ? text
      : `${text.slice(0, ERROR_CHARS)}\n${text.slice(-ERROR_CHARS)}`
  return joinBlanks(parts)
}

function otherForm(form: Form, shape: Shape): Failure {
  return {
    reason: 'other_format',
    detail: `this is not the ${form} form of nvidia-smi but ${shape === 'unknown' ? 'something else' : `its form "${shape}"`}: leave the format out and it is recognized`,
  }
}

function failureOf({ shape, stated, lost, options }: Work): Failure {
  if (lost.length > 0) return onlyLost(lost)
  if (stated !== null) return stated
  if (shape === 'empty') return silentFailure(options.exitCode ?? null)
  if (shape === 'no_header') return NO_HEADER
  return Object.hasOwn(OTHER_QUERIES, shape) && isOtherQuery(shape)
    ? OTHER_QUERIES[shape]
    : NOT_NVIDIA_SMI
}

const isOtherQuery = (shape: Shape): shape is keyof typeof OTHER_QUERIES & Shape =>
  shape in OTHER_QUERIES

/** Lines of an error that can stand among the data. */
const ERROR_LINE = /unable to (?:determine|detect) the device handle|^WARNING: infoROM/i

function dataLines({ bytes, text, shape, refusals }: Work): string[] {
  const lines =
    shape === 'csv'
      ? csvLines(text, refusals)
      : textLines(bytes, (line, reason) => refusals.add(line, reason))
  return lines.filter((line) => !ERROR_LINE.test(line))
}

function readList(work: Work): Read {
  const gpus = parseList(dataLines(work), work.refusals)
  return { ...NOTHING, devices: listedDevices(gpus), links: listedLinks(gpus) }
}

/** What people paste: fewer figures than `-q`, and no UUID. */
function readDefaultTable(work: Work): Read {
  const { devices, labels } = readTable(dataLines(work), work.refusals)
  return {
    ...NOTHING,
    devices: [...devices],
    ignored: ['Cap', 'MIG devices', 'Processes'].filter(
      (box) => box === 'Cap' || work.text.includes(`| ${box}:`),
    ),
    toolLabels: { format: 'table', ...labels },
  }
}

function readForm(work: Work, form: Form): Read {
  const capture = parseForm(work, form)
  const attached = attachedGpus(capture)
  const isShort = attached !== null && capture.gpus.length < attached
  if (isShort)
    work.refusals.add(`${attached} attached, ${capture.gpus.length} read`, 'gpu_blocks_missing')
  const read = readGpus(capture, {
    refusals: work.refusals,
    isWhole: !isShort && work.lost.length === 0,
    listed: work.options.listed ?? [],
    source: work.source,
  })
  return {
    ...read,
    ignored: ignoredNames(capture),
    toolLabels: {
      format: capture.schema ?? form,
      ...versionLabels(
        form === 'csv' ? (capture.gpus[0]?.fields ?? capture.head) : capture.head,
        form,
      ),
    },
    failure: null,
  }
}

function parseForm(work: Work, form: Form): Capture {
  const { text, refusals } = work
  if (form === 'xml') return parseXml(text, refusals)
  const lines = dataLines(work)
  const isCut = !text.endsWith('\n')
  if (form === 'csv') return parseCsv(lines.slice(Math.max(0, headerAt(lines))), isCut, refusals)
  const last = isCut ? lines.pop() : undefined
  // A value may be cut in its middle: 59 C printed as 5.
  if (last !== undefined && last.trim() !== '') refusals.add(last, 'cut_line')
  return parseQ(lines, refusals)
}

function attachedGpus({ form, head, gpus }: Capture): number | null {
  const fields = form === 'csv' ? (gpus[0]?.fields ?? head) : head
  const text = readText(cellOf(fields, ROLES.attached, form))
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : null
}

/** Words that stand in the place of a block. */
const STRUCTURE = new Set(['mig_devices', 'remapped_rows', 'remapped rows', 'timestamp', '@id'])

function ignoredNames({ form, head, gpus }: Capture): string[] {
  const ignored = new Set<string>()
  const add = (name: string, known: ReadonlySet<string>) => {
    if (!known.has(name) && !STRUCTURE.has(name) && ignored.size < LIMITS.ignoredNames)
      ignored.add(detached(name))
  }
  for (const name of head.keys()) add(name, EMITTED[form])
  for (const gpu of gpus) {
    for (const name of gpu.fields.keys()) add(name, EMITTED[form])
    for (const mig of gpu.migDevices)
      for (const name of mig.fields.keys())
        if (!MIG_EMITTED.has(name)) add(`mig device: ${name}`, EMITTED[form])
  }
  return [...ignored]
}

/** Lost devices join those that were read; then the outcome follows from what is left to work with. */
function finish(work: Work, read: Read): Interpretation {
  const devices = [...read.devices, ...lostReadings(work.lost, read.devices)]
  const failure = read.failure ?? outcomeOf(work, devices)
  return {
    source: work.source,
    outcome: failure === null ? 'ok' : 'failed',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices,
    ...(read.links === undefined || read.links.length === 0 ? {} : { links: read.links }),
    events: [...read.events, ...inforomEvents(work, devices)],
    rejected: work.refusals.examples(),
    rejectedByReason: work.refusals.byReason(),
    ignored: read.ignored,
    toolLabels: read.toolLabels,
  }
}

function outcomeOf(work: Work, devices: readonly DeviceReading[]): Failure | null {
  if (devices.some((device) => device.failed === null)) return null
  if (work.lost.length > 0) return onlyLost(work.lost)
  const unreadable = devices[0]
  if (unreadable?.failed)
    return onlyLost([{ bus: unreadable.bus, index: unreadable.index, reason: unreadable.failed }])
  if (work.stated !== null) return work.stated
  return work.text.trim() === '' ? EMPTY_OUTPUT : NO_GPUS
}

function lostReadings(
  lost: readonly LostDevice[],
  read: readonly DeviceReading[],
): DeviceReading[] {
  const readings = new Map<string, DeviceReading>()
  for (const { bus: printed, index, reason } of lost) {
    const bus = normalBus(printed)
    const key = slotKey(bus, index)
    const isRead = read.some((device) => bus !== null && device.bus === bus)
    if (isRead || (bus === null && index === null)) continue
    readings.set(key, {
      keys: [key],
      vendor: VENDOR,
      model: 'unknown',
      node: null,
      index,
      bus,
      parent: null,
      partition: null,
      holder: null,
      metrics: {},
      labels: {},
      failed: reason,
    })
  }
  return [...readings.values()]
}

const INFOROM = /infoROM is corrupted at gpu ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])/gi

/** A warning that comes with exit status 14 beside good values. */
function inforomEvents(work: Work, devices: readonly DeviceReading[]): Interpretation['events'] {
  const codes = [...errorText(work.text).matchAll(INFOROM)].slice(0, LIMITS.lostDevices)
  return codes.map(([, printed]) => {
    const bus = normalBus(printed ?? null)
    const device = devices.find((each) => bus !== null && each.bus === bus)
    return faultEvent(
      work.source,
      device?.keys[0] ?? slotKey(bus, null),
      'board_health',
      'inforom_corrupted',
    )
  })
}
