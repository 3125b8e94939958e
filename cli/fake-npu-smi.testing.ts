import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  renderCommand,
  type SimulatedNpu,
  type SimulatedTool,
} from '../collector/sources/npu-smi/simulate.ts'

const TOOL: SimulatedTool = {
  layout: 5,
  toolVersion: '24.1.rc1',
  driverVersion: '24.1.rc1',
  processBox: true,
}

/** Four 910B3 chips of one node, every value different; the third one is not well. */
export function npuNode(): SimulatedNpu[] {
  return Array.from({ length: 4 }, (_, npu) => ({
    npu,
    chip: 0,
    phyId: npu,
    name: '910B3',
    bus: `0000:${(0x81 + npu).toString(16).toUpperCase()}:00.0`,
    health: npu === 2 ? 'Warning' : 'OK',
    errorCodes: npu === 2 ? ['80E01801'] : [],
    powerWatts: 201.5 + npu,
    temperatureCelsius: 44 + npu,
    aicorePercent: 61 + npu,
    memoryUsedMb: 30_000 + npu,
    memoryTotalMb: 65_536,
    hugepages: { used: 12 + npu, total: 100 },
    processes: [{ pid: 4000 + npu, name: 'python3', memoryMb: 512 }],
    vdie: ['42C711D4', '20B03704', 'A1B2C3D4', '0000FFFF', `1000000${npu}`],
    npuUtilPercent: 71 + npu,
    aicubePercent: 41 + npu,
    aivectorPercent: 31 + npu,
    hbmBandwidthPercent: 21 + npu,
  }))
}

/** Puts an executable `npu-smi` into a new folder; it answers every command line as the tool would. */
export async function writeFakeNpuSmi(bin: string, chips: readonly SimulatedNpu[]): Promise<void> {
  const asked = [['info'], ['info', '-l'], ['info', '-m']]
  for (const { npu, chip } of chips)
    for (const type of ['board', 'usages', 'health', 'common']) {
      asked.push(['info', '-t', type, '-i', String(npu)])
      asked.push(['info', '-t', type, '-i', String(npu), '-c', String(chip)])
    }
  const cases = asked.map((args) => {
    const { stdout, exitCode } = renderCommand(args, chips, TOOL)
    return `'${args.join(' ')}') cat <<'END'\n${stdout}END\nexit ${exitCode} ;;`
  })
  const script = `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) echo 'Invalid parameter.'; exit 1 ;;\nesac\n`
  await mkdir(bin)
  await writeFile(join(bin, 'npu-smi'), script)
  await chmod(join(bin, 'npu-smi'), 0o755)
}
