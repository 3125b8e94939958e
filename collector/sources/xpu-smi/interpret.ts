import { type Interpretation, unread } from '#schemas/reading.ts'
import { devicesOf, type KnownIdentity } from './devices.ts'
import { EMPTY_OUTPUT, EMPTY_TABLE, type Failure, NOT_XPU_SMI } from './faults.ts'
import { MACHINE_UNUSED } from './parse-machine.ts'
import { parseOutput, type XpuOutput } from './parse.ts'
import { LIMITS } from './values.ts'

export const SOURCE_NAME = 'xpu-smi'

/** Any captured output of the tool -> devices and refusals. Pure; never throws. */
export function interpret(bytes: Uint8Array): Interpretation {
  return interpretOutput(parseOutput(bytes), new Map())
}

/** `known`: bus -> who sits there, as an earlier `xpu-smi -m` said. */
export function interpretOutput(
  output: XpuOutput,
  known: ReadonlyMap<string, KnownIdentity>,
): Interpretation {
  const devices = devicesOf(output, known)
  const readable = devices.some((device) => device.failed === null)
  const failure = readable ? null : whyNone(output, devices.length)
  return {
    source: SOURCE_NAME,
    outcome: failure?.outcome ?? 'ok',
    reason: failure?.reason ?? null,
    detail: failure?.detail ?? null,
    devices,
    events: [],
    rejected: output.rejections.examples(),
    rejectedByReason: output.rejections.byReason(),
    ignored: unusedOf(output).slice(0, LIMITS.ignoredNames),
    toolLabels: toolLabels(output),
  }
}

/** A failure that explains itself without a device. */
export const interpretFailure = (failure: Failure): Interpretation => unread(SOURCE_NAME, failure)

function whyNone(output: XpuOutput, devices: number): Failure {
  if (output.empty) return EMPTY_OUTPUT
  if (output.failure !== null) return output.failure
  const { table, firstGeneration } = output
  const isOurs = devices > 0 || table.driverVersion !== null || firstGeneration.unused.length > 0
  return isOurs ? EMPTY_TABLE : NOT_XPU_SMI
}

function unusedOf(output: XpuOutput): string[] {
  const { table, firstGeneration, machine } = output
  return [
    ...new Set([
      ...table.unused,
      ...(firstGeneration.rows.length > 0 ? firstGeneration.unused : []),
      ...(machine.length > 0 ? MACHINE_UNUSED : []),
    ]),
  ]
}

/**
 * Inside a container the tool prints a build number where the driver's version belongs and `N/A` for the
 * runtime: such a number is kept, but not as the node's driver version.
 */
function toolLabels(output: XpuOutput): Record<string, string> {
  const { table, firstGeneration } = output
  const driver = table.driverVersion ?? firstGeneration.driverVersion
  const runtime = table.runtimeVersion ?? firstGeneration.runtimeVersion
  const isContainer = table.driverVersion !== null && table.runtimeVersion === null
  const labels: Record<string, string> = {}
  if (driver !== null)
    labels[isContainer ? 'driver_build' : 'driver_version'] = driver.slice(0, LIMITS.labelChars)
  if (runtime !== null) labels['runtime_version'] = runtime.slice(0, LIMITS.labelChars)
  return labels
}
