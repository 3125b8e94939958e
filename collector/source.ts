import type { z } from 'zod'
import type { FaultDescription } from '#schemas/faults.ts'
import type { MetricName } from '#schemas/metrics.ts'
import type { Interpretation } from '#schemas/reading.ts'
import type { FieldIo } from './field-io.ts'

/** Result of running a command: everything that came out, never a throw for a non-zero exit. */
export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** Set when the command could not be started or was stopped. */
  readonly failure: 'not_found' | 'not_permitted' | 'timeout' | 'too_large' | 'spawn_failed' | null
}

/** Result of an HTTP GET: status and bytes, or why there are none. */
export interface HttpResult {
  readonly status: number | null
  readonly body: Uint8Array
  readonly failure:
    | 'refused'
    | 'timeout'
    | 'too_large'
    | 'dns'
    | 'tls'
    | 'closed_early'
    | 'failed'
    | null
}

/** A long-running tool whose lines are read as they come (`dcgmi dmon`, `npu-smi info watch`). */
export interface CommandStream {
  /** Whole lines since the last call, oldest first. What a full buffer pushed out is only counted. */
  take(): { readonly lines: readonly string[]; readonly dropped: number }
  /** Null while it runs; how it ended once it has (`exited` = by itself). */
  ended(): {
    readonly failure: CommandResult['failure'] | 'exited'
    readonly exitCode: number | null
  } | null
  /** Asks it to end, and ends it by force a second later. Resolves when the process is really gone. */
  stop(): Promise<void>
}

/** The outside world, injected: a source imports neither node:child_process nor node:http. */
export interface SourceIo {
  /** Runs one command at a time per tool, without a shell; output and time are bounded. */
  run(
    command: string,
    args: readonly string[],
    limits: { timeoutMs: number; maxBytes: number },
  ): Promise<CommandResult>
  /**
   * Starts a tool that keeps printing, at most one per command: `busy` while the last one is not really gone,
   * however long a driver call holds it. Calls of `run` are not held up by a stream: a source whose tool must
   * not run twice stops its stream first. Ends with the host.
   */
  stream(
    command: string,
    args: readonly string[],
    limits: { maxLines: number; maxLineBytes: number },
  ): CommandStream | 'busy'
  get(url: string, limits: { timeoutMs: number; maxBytes: number }): Promise<HttpResult>
  /** Whether a command is found on PATH. */
  hasCommand(command: string): Promise<boolean>
  /** SNMP, Modbus, Redfish; absent where nobody reads meters (a capture that is replayed, a test). */
  readonly field?: FieldIo
}

/** One thing to read: an exporter's URL, or the tool of this machine. */
export interface SourceTarget {
  /** URL for HTTP sources, the command for tools. Shown in collection health. */
  readonly address: string
  /** Node that holds the devices: configuration or target label first, host name as the last resort. */
  readonly node: string
}

/** How targets of a source are written: `host:9400`, `snmp://pdu-7`, `https://bmc-12/redfish/v1`. */
export interface AddressForm {
  /** The first one is meant when none is written. */
  readonly schemes: readonly string[]
  /** Port when none is written; null = it must be. */
  readonly port: number | null
  /** Path when none is written. */
  readonly path: string
}

/** A source that also listens: traps, event subscriptions, pushed readings. */
export interface ListenContext<Config> {
  readonly io: SourceIo
  readonly config: Config
  /** The targets of the section as they are now. */
  targets(): readonly SourceTarget[]
  nowMs(): number
  /** What a target said by itself; goes the way of a read at once. A sender nobody listed is refused by the source. */
  said(target: SourceTarget, interpretation: Interpretation): void
  /**
   * One sentence for the log and collection health when something is wrong with the listening itself. With `passesAfterMs` the line
   * is well again when nothing more was said for that long: a message that was refused, and not a setting.
   */
  trouble(detail: string, passesAfterMs?: number): void
}

/** What detect found on this machine. */
export type Detection =
  | { readonly state: 'present'; readonly target: SourceTarget; readonly looked: string }
  | { readonly state: 'absent'; readonly looked: string }
  | {
      readonly state: 'broken'
      readonly looked: string
      readonly reason: string
      readonly detail: string
    }

export interface ReadContext<Config> {
  readonly io: SourceIo
  readonly target: SourceTarget
  readonly config: Config
  /** Epoch ms of the tick this read belongs to. */
  readonly nowMs: number
  /** Budget of this read; the runner enforces it too. */
  readonly timeoutMs: number
  /** Only a look (doctor) beside a collector that may be running: nothing may be kept or changed outside `memory`. */
  readonly isLook?: boolean
  /** Source-owned memory per target between reads (identity caches, scale decisions); starts undefined. */
  readonly memory: Map<string, unknown>
}

/** One output format of a tool, by the name that `plimsoll parse` knows it under. */
export interface SourceFormat {
  readonly name: string
  /** How surely these bytes are this format, 0..1. */
  recognize(bytes: Uint8Array): number
  /** As Source.interpret, for this format only; its `source` is the format's name. */
  interpret(bytes: Uint8Array): Interpretation
}

/**
 * A source is a folder `collector/sources/<name>` whose `source.ts` default-exports this. It has two
 * verbs; interval, jitter, timeout, no-overlap, outcome and duration metrics belong to the runner.
 */
export interface Source<Config = unknown> {
  readonly name: string
  /** `http`, `snmp`, `modbus`: many targets, read from anywhere. `command`, `file`: this machine only, one call at a time. */
  readonly transport: 'http' | 'snmp' | 'modbus' | 'command' | 'file'
  /** Absent: http or https, port required, path /metrics. */
  readonly address?: AddressForm
  /** Default interval, ms; divides 60,000. */
  readonly defaultIntervalMs: number
  /** The source's section of the collector configuration, defaults included. */
  readonly config: z.ZodType<Config>
  /** How surely these bytes are this tool's output, 0..1; used by `plimsoll parse` to pick a source. */
  recognize(bytes: Uint8Array): number
  /** Pure: any captured output of the tool -> what we read in it. Never throws, whatever the bytes. */
  interpret(bytes: Uint8Array): Interpretation
  /** Is the tool or a default endpoint here? */
  detect(io: SourceIo, config: Config, node: string): Promise<Detection>
  /**
   * Whether a read in this cell would ask the target anything. Where not, the runner passes the cell over and what was said last
   * stands: thousands of meters with little on a fast lane cost what is read of them. Absent: every cell is read.
   */
  isDue?(context: Pick<ReadContext<Config>, 'target' | 'config' | 'nowMs' | 'memory'>): boolean
  /**
   * First reads of a long list begin at most so often, per second, and need not wait for their places in a cell: to find what a device has
   * takes a handshake and many answers. Absent: they come at their places.
   */
  readonly startsPerSecond?: number
  /** Where intervals are long, reads begin at common moments this far apart, ms: see `gatheredOffset`. Absent: each at its own. */
  readonly gatherMs?: number
  /** One read of one target. Never throws for what the outside did; outcome says it. */
  read(context: ReadContext<Config>): Promise<Interpretation>
  /** Metrics it usually gives: what of them no device gives is shown as missing in collection health. */
  readonly expects: readonly MetricName[]
  /** Output formats with names of their own, where the tool has several (`nvidia-smi-csv`, `npu-smi-watch`). */
  readonly formats?: readonly SourceFormat[]
  /** Sources that see the same devices better: where one of them is found on the machine, this one is not started. */
  readonly fallbackFor?: readonly string[]
  /** A target left or the collector stops: ends what `memory` holds (a stream). */
  readonly close?: (memory: Map<string, unknown>) => void
  /** Opened once per section when the collector starts; rejects with a sentence when it cannot listen. */
  listen?(context: ListenContext<Config>): Promise<{ stop(): Promise<void> }>
  /** Class, severity and advice for a code of an event type (`xid`, `health`); without it edges are warnings. */
  readonly describeFault?: (type: string, code: string) => FaultDescription | null
}
