import type { CommandResult } from '../../source.ts'

/** What went wrong as a whole: machine-readable, and for a person with what to do. */
export interface Failure {
  readonly reason: string
  readonly detail: string
}

/** A GPU that the tool could not open; the others may be in the same output, or missing because of it. */
export interface LostDevice {
  readonly bus: string | null
  readonly index: number | null
  /** `gpu_is_lost`, `requires_reset`, `not_found`, `unknown_error`. */
  readonly reason: string
}

const fail = (reason: string, detail: string): Failure => ({ reason, detail })

const DRIVER = fail(
  'driver_not_reachable',
  'nvidia-smi could not talk to the NVIDIA driver: it is not loaded, or was updated without a reboot; check `lsmod | grep nvidia` and dmesg, then load it or reboot',
)
const NONE_FOUND = fail(
  'no_devices_found',
  'the driver runs and found no GPU: check lspci and dmesg for one that fell off the bus, and the device files if this is a container',
)
const LIBRARY = fail(
  'library_not_found',
  'the NVML library (libnvidia-ml.so) was not found: install the driver package, or start the container with the NVIDIA runtime',
)
const PERMISSION = fail(
  'no_permission',
  'the driver refused access: run the collector with access to /dev/nvidia*, or as root',
)
const LOST = fail(
  'gpu_is_lost',
  'a GPU fell off the bus and nvidia-smi gave up, so healthy GPUs may be missing from its answer too: drain the node, reboot it, look for XID 79 in dmesg',
)

/** Whole-command failures by their words; the first that fits wins. Matched on text with blanks joined. */
const TEXT_RULES: readonly { readonly pattern: RegExp; readonly failure: Failure }[] = [
  {
    pattern: /couldn.?t communicate with the nvidia driver|nvidia driver is not loaded/i,
    failure: DRIVER,
  },
  {
    pattern: /driver\/library version mismatch/i,
    failure: fail(
      'driver_library_mismatch',
      'the loaded driver and the NVML library are of different versions, usually after an update: reboot the node, or unload and load the nvidia modules',
    ),
  },
  { pattern: /failed to initialize nvml: insufficient permissions/i, failure: PERMISSION },
  {
    pattern: /failed to initialize nvml/i,
    failure: fail(
      'nvml_not_initialized',
      'NVML could not be initialized: check dmesg for the driver, and the device files if this is a container',
    ),
  },
  { pattern: /couldn.?t find libnvidia-ml/i, failure: LIBRARY },
  { pattern: /no devices were found/i, failure: NONE_FOUND },
  {
    pattern: /is not a valid field to query/i,
    failure: fail(
      'unknown_query_field',
      'this driver does not know one of the columns that were asked for, and then answers none: leave it out (`nvidia-smi --help-query-gpu` lists them), or use `nvidia-smi -q -x`, which needs no column names',
    ),
  },
  { pattern: /gpu is lost|fallen off the bus/i, failure: LOST },
  {
    pattern: /invalid combination of input arguments|option .{1,40} is not recognized/i,
    failure: fail(
      'bad_arguments',
      'nvidia-smi did not accept its arguments: use `nvidia-smi -q -x`',
    ),
  },
  { pattern: /insufficient permissions/i, failure: PERMISSION },
  {
    pattern: /nvidia-smi(?:\.exe)?.{0,20}(?:command not found|not found|no such file)/i,
    failure: fail(
      'command_not_found',
      'nvidia-smi is not installed here or not on PATH: install the driver tools, or name the command in the configuration',
    ),
  },
]

const HANDLE =
  /unable to (?:determine|detect) the device handle for ?gpu ?(?:([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])|(\d{1,4})(?:: ?([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]))?)?:? ?(gpu is lost|gpu requires reset|not found|unknown error)?/gi

const REASONS: Readonly<Record<string, string>> = {
  'gpu is lost': 'gpu_is_lost',
  'gpu requires reset': 'requires_reset',
  'not found': 'not_found',
}

/** Every GPU that an error text names as not to be opened. */
export function lostDevices(text: string, limit: number): LostDevice[] {
  const lost: LostDevice[] = []
  for (const [, only, index, bus, words] of text.matchAll(HANDLE)) {
    if (lost.length >= limit) break
    lost.push({
      bus: only ?? bus ?? null,
      index: index === undefined ? null : Number(index),
      reason: REASONS[(words ?? '').toLowerCase()] ?? 'unknown_error',
    })
  }
  return lost
}

/** The failure a text states, or null. `text` has its blanks and line ends joined: it may be wrapped. */
export function statedFailure(text: string): Failure | null {
  return TEXT_RULES.find(({ pattern }) => pattern.test(text))?.failure ?? null
}

/** All that could be read is GPUs that cannot be opened. */
export function onlyLost(lost: readonly LostDevice[]): Failure {
  const [first] = lost
  if (first === undefined || first.reason === 'gpu_is_lost') return LOST
  const where = first.bus ?? (first.index === null ? 'a GPU' : `GPU ${first.index}`)
  return fail(
    first.reason,
    `nvidia-smi could not open ${where} and gave up, so healthy GPUs may be missing from its answer too: look for XID lines in dmesg, drain the node, reset the GPU or reboot`,
  )
}

/** Exit codes as the manual page lists them, for answers without a text that says it. */
const EXIT_CODES: ReadonlyMap<number, Failure> = new Map([
  [
    3,
    fail(
      'not_supported',
      'nvidia-smi says that this device does not support the query; use another source',
    ),
  ],
  [4, PERMISSION],
  [6, NONE_FOUND],
  [8, fail('power_cable', 'a power cable of a GPU is not attached properly: check the cabling')],
  [9, DRIVER],
  [
    10,
    fail(
      'interrupt_problem',
      'the kernel found an interrupt problem with a GPU: check dmesg, reboot',
    ),
  ],
  [12, LIBRARY],
  [
    13,
    fail(
      'driver_library_mismatch',
      'the NVML library is older than the tool: update the driver packages together and reboot',
    ),
  ],
  [15, LOST],
])

export const EMPTY_OUTPUT = fail(
  'empty_output',
  'nvidia-smi printed nothing: the driver may hang; look for XID lines in dmesg',
)
export const NOT_NVIDIA_SMI = fail(
  'not_nvidia_smi',
  'this is no output of nvidia-smi that can be read: use `nvidia-smi -q -x`',
)
export const NO_HEADER = fail(
  'no_header',
  'a CSV without its header cannot be read, since columns differ by driver: leave `noheader` out of --format, or use `nvidia-smi -q -x`',
)
export const NO_GPUS = fail(
  'no_gpus',
  'the answer holds no GPU: it was cut off, or the driver lost all of them; check dmesg',
)

/** An answer without words: what its exit code says, else that it was empty. */
export function silentFailure(exitCode: number | null): Failure {
  return EXIT_CODES.get(exitCode ?? 0) ?? EMPTY_OUTPUT
}

/** Why a command gave no answer at all. */
export const LAUNCH_FAILURES: Readonly<Record<NonNullable<CommandResult['failure']>, Failure>> = {
  not_found: fail(
    'command_not_found',
    'nvidia-smi is not on PATH any more: was the driver package removed? Name the command in the configuration if it is elsewhere',
  ),
  not_permitted: fail(
    'not_permitted',
    'nvidia-smi may not be executed by this user: check its permissions',
  ),
  timeout: fail(
    'timeout',
    'nvidia-smi did not answer in time and was stopped: a GPU or the driver may hang (check dmesg); turn persistence mode on if every call is slow',
  ),
  too_large: fail(
    'too_large',
    'nvidia-smi printed more than is read: is the command really nvidia-smi?',
  ),
  spawn_failed: fail(
    'spawn_failed',
    'nvidia-smi could not be started: the node is out of processes or memory',
  ),
}

const OTHER = (what: string, fix: string): Failure => fail('other_query', `this is ${what}: ${fix}`)
const USE_XML =
  'use `nvidia-smi -q -x` (everything, with MIG devices and processes) or `nvidia-smi --query-gpu=… --format=csv`'

/** Recognised outputs that hold no device state, and which option gives what is needed. */
export const OTHER_QUERIES = {
  dmon: OTHER('`nvidia-smi dmon`, which names devices by index only', USE_XML),
  pmon: OTHER('`nvidia-smi pmon`, a list of processes by index', USE_XML),
  apps: OTHER('a list of processes (--query-compute-apps, --query-accounted-apps)', USE_XML),
  pages: OTHER(
    'a list of retired pages (--query-retired-pages), where an [N/A] row means none',
    '`nvidia-smi -q -x` has their number with the device',
  ),
  columns: OTHER('a CSV without a column that says something about a device', USE_XML),
} as const
