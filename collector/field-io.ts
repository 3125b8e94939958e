import type { HttpResult } from './source.ts'

/**
 * The protocols of facility devices as sources see them: SNMP, Modbus TCP, and HTTP with a session (Redfish). Every
 * call is bounded in time and size, at most one at a time per device, and never throws for what the outside did.
 */
export interface FieldIo {
  readonly snmp: SnmpIo
  readonly modbus?: ModbusIo
  /** One request over a kept connection. No redirects; only to the host the target names. */
  request(url: string, request: FieldRequest, limits: FieldLimits): Promise<FieldResponse>
  /** Takes what devices and tools push over HTTP(S); rejects with a sentence when the port cannot be had. */
  hear(
    place: EarPlace,
    onPush: (push: Push) => PushAnswer | Promise<PushAnswer>,
  ): Promise<{ readonly port: number; stop(): Promise<void> }>
}

/** Where pushes are taken. */
export interface EarPlace {
  readonly host: string
  readonly port: number
  /** Bytes of one body. */
  readonly maxBytes: number
  /** Asked before a body is read, so that strangers cost no memory; an answer refuses. Absent = everyone is heard. */
  readonly admit?: (head: Omit<Push, 'body'>) => Promise<PushAnswer | null>
  /** PEM texts; absent = plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** One request that came in, whole. */
export interface Push {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** Address of the sender. */
  readonly from: string
}

export interface PushAnswer {
  readonly status: number
  /** JSON text. */
  readonly body?: string
  /** Seconds, with 429 and 503. */
  readonly retryAfter?: number
}

export interface FieldLimits {
  readonly timeoutMs: number
  /** Bytes of an answer, values of a walk. */
  readonly maxBytes: number
}

/** Why nothing was read. `busy`: the call before has not ended. */
export type FieldFailure =
  | 'refused'
  | 'timeout'
  | 'dns'
  | 'tls'
  | 'too_large'
  | 'closed_early'
  | 'not_permitted'
  | 'garbage'
  | 'busy'
  | 'failed'

export interface FieldRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** How the device proves itself; absent = by the machine's own authorities. */
  readonly tls?: {
    /** PEM text of its authority. */
    readonly ca?: string
    /** SHA-256 of its certificate, `AB:CD:…`: for BMCs with certificates of their own making. */
    readonly fingerprint?: string
  }
}

export interface FieldResponse extends Omit<HttpResult, 'failure'> {
  readonly failure: FieldFailure | null
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
}

/** Who to ask and how to be let in. Secrets come from the environment or a file, never from the configuration. */
export interface SnmpPeer {
  readonly host: string
  readonly port: number
  readonly version: '1' | '2c' | '3'
  /** Versions 1 and 2c. */
  readonly community?: string
  /** Version 3. */
  readonly user?: {
    readonly name: string
    readonly auth?: { readonly protocol: 'sha' | 'sha256' | 'sha512'; readonly key: string }
    readonly priv?: { readonly protocol: 'aes' | 'aes256'; readonly key: string }
    readonly context?: string
  }
}

/** One variable. `text` for octet strings of printable bytes, `bytes` for others. */
export interface SnmpVariable {
  /** Without a leading dot. */
  readonly oid: string
  readonly value:
    | { readonly kind: 'integer' | 'counter32' | 'gauge32' | 'timeticks'; readonly number: number }
    | { readonly kind: 'counter64'; readonly number: bigint }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'oid'; readonly text: string }
    /** noSuchObject, noSuchInstance, endOfMibView, null: there is no value, which is not zero. */
    | { readonly kind: 'none' }
}

export interface SnmpAnswer {
  readonly variables: readonly SnmpVariable[]
  /** Null when everything that was asked for came. */
  readonly failure: FieldFailure | null
}

/** An SNMP trap or inform, whoever sent it. */
export interface SnmpTrap {
  /** Address of the sender. */
  readonly from: string
  /** snmpTrapOID, without a leading dot. */
  readonly trap: string
  readonly variables: readonly SnmpVariable[]
}

/** Reads only: there is no SET here, because devices have OIDs that reset counters and switch outlets. */
export interface SnmpIo {
  get(peer: SnmpPeer, oids: readonly string[], limits: FieldLimits): Promise<SnmpAnswer>
  /** GETBULK (GETNEXT for version 1) of every column below these roots. */
  walk(peer: SnmpPeer, roots: readonly string[], limits: FieldLimits): Promise<SnmpAnswer>
  /** Listens for traps of these communities or users; rejects when the port cannot be had. */
  traps(listen: TrapListen, onTrap: (trap: SnmpTrap) => void): Promise<{ stop(): Promise<void> }>
  /** Address that a host stands for as far as reads have found out; null before the first. Names of trap senders. */
  addressOf(host: string): string | null
}

/** Where traps are expected, and from whom. */
export interface TrapListen {
  readonly host: string
  readonly port: number
  readonly allow: readonly Pick<SnmpPeer, 'version' | 'community' | 'user'>[]
  /** A datagram that was not handed on: no SNMP, an unknown community or user, or more of them than are looked at. */
  readonly onRefused: (why: 'garbage' | 'stranger' | 'flood', from: string | null) => void
}

export interface ModbusPeer {
  readonly host: string
  readonly port: number
}

/** A run of registers or bits: `function` 1 coils, 2 discrete inputs, 3 holding, 4 input registers; zero-based address. */
export interface ModbusRange {
  readonly unit: number
  readonly function: 1 | 2 | 3 | 4
  readonly address: number
  readonly count: number
}

export interface ModbusAnswer {
  /** Per range: registers 0..65535 (bits 0 or 1), or null when the device refused or did not answer it. */
  readonly ranges: readonly (readonly number[] | null)[]
  readonly failure: FieldFailure | null
  /** Modbus exception code of the first refused range, null without one. */
  readonly exception: number | null
}

/** Reads only, over one kept connection per device. */
export interface ModbusIo {
  read(peer: ModbusPeer, ranges: readonly ModbusRange[], limits: FieldLimits): Promise<ModbusAnswer>
}
