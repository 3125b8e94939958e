import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { createCommandRunner } from './host-command.ts'
import { createEars } from './host-ear.ts'
import { createHttpReader } from './host-http.ts'
import { createModbus } from './host-modbus.ts'
import { createFieldRequester } from './host-redfish.ts'
import { createSnmp } from './host-snmp.ts'
import { createStreamRunner } from './host-stream.ts'
import type { FieldIo } from './field-io.ts'
import type { SourceIo } from './source.ts'

/** No answer of any kind may be larger, whatever a caller asks for. */
export const MAX_BYTES = 64 << 20
/** What one read of a source may bring: an 8-GPU page has 40-70 kB. */
export const READ_BYTES = 8 << 20

/** The outside world of the sources, and its end. */
export interface Host extends SourceIo {
  /** Closes connections and ends running tools. */
  stop(): void
}

/**
 * The machine as sources see it: commands without a shell, HTTP reads, PATH, and the protocols of facility devices. With
 * the other host-*.ts the only home of node:child_process, node:http and the protocol libraries in the collector.
 */
export function createHost(environment: NodeJS.ProcessEnv = process.env): Host {
  const commands = createCommandRunner(environment)
  const streams = createStreamRunner(environment)
  const reader = createHttpReader()
  const snmp = createSnmp()
  const modbus = createModbus()
  const requester = createFieldRequester()
  const ears = createEars()
  return {
    run: (command, args, limits) => commands.run(command, args, bounded(limits)),
    stream: (command, args, limits) => streams.start(command, args, limits),
    get: (url, limits) => reader.get(url, bounded(limits)),
    hasCommand: (command) => isOnPath(command, environment.PATH ?? ''),
    field: {
      snmp,
      modbus,
      request: (url, request, limits) => requester.request(url, request, bounded(limits)),
      hear: (place, onPush) => ears.hear(place, onPush),
    },
    stop() {
      commands.stop()
      streams.stop()
      reader.stop()
      snmp.stop()
      modbus.stop()
      requester.stop()
      ears.stop()
    },
  }
}

function bounded(limits: { timeoutMs: number; maxBytes: number }) {
  return { ...limits, maxBytes: Math.min(limits.maxBytes, MAX_BYTES) }
}

async function isOnPath(command: string, path: string): Promise<boolean> {
  const candidates = command.includes('/')
    ? [command]
    : path
        .split(delimiter)
        .filter((folder) => folder !== '')
        .map((folder) => join(folder, command))
  for (const candidate of candidates) if (await isExecutable(candidate)) return true
  return false
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Bytes and calls of one read, counted on the way through. */
export interface Meter {
  bytes: number
}

/** The same world for one read: answers bounded by READ_BYTES, bytes counted into the meter. */
export function meteredIo(io: SourceIo, meter: Meter): SourceIo {
  const cap = (limits: { timeoutMs: number; maxBytes: number }) => ({
    ...limits,
    maxBytes: Math.min(limits.maxBytes, READ_BYTES),
  })
  return {
    async run(command, args, limits) {
      const result = await io.run(command, args, cap(limits))
      meter.bytes += result.stdout.length + result.stderr.length
      return result
    },
    async get(url, limits) {
      const result = await io.get(url, cap(limits))
      meter.bytes += result.body.length
      return result
    },
    // It outlives the read; what it brings is counted by the source that takes its lines.
    stream: (command, args, limits) => io.stream(command, args, limits),
    hasCommand: (command) => io.hasCommand(command),
    ...(io.field === undefined ? {} : { field: meteredField(io.field, meter) }),
  }
}

/** Requests are counted like reads of pages; datagrams and registers are small, and are not. */
function meteredField(field: FieldIo, meter: Meter): FieldIo {
  return {
    ...field,
    async request(url, request, limits) {
      const maxBytes = Math.min(limits.maxBytes, READ_BYTES)
      const result = await field.request(url, request, { ...limits, maxBytes })
      meter.bytes += result.body.length
      return result
    },
  }
}
