import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Interpretation } from '#schemas/reading.ts'
import { createHost } from '../../host.ts'
import {
  simulatedNode,
  simulatedValues,
  writeDiscoveryList,
  writeDmonHeader,
  writeDmonRow,
} from './simulate.ts'
import source from './source.ts'

/** The source on real processes: a stand-in for dcgmi that prints its format, hangs, dies and ignores signals. */
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-dmon-'))
const host = createHost()
const FIELDS = [1001, 155, 150]
const PERIOD_MS = 400
const LOOK_MS = 100

afterAll(() => {
  host.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A dcgmi whose `dmon` runs this; every start of it leaves a line in `starts`. */
function tool(name: string, dmon: string) {
  const gpus = simulatedNode(2)
  const rows = gpus.map(({ id }) =>
    writeDmonRow('4.4', FIELDS, { entity: `GPU ${id}`, values: simulatedValues(FIELDS, 0.5, 1) }),
  )
  writeFileSync(join(folder, 'list'), writeDiscoveryList(gpus))
  writeFileSync(join(folder, 'pass'), writeDmonHeader('4.4', FIELDS) + rows.join(''))
  const command = join(folder, name)
  const starts = join(folder, `${name}-starts`)
  const script = `#!/bin/sh
case "$1" in
  dmon) echo $$ >> ${starts}; ${dmon};;
  discovery) cat ${folder}/list;;
  *) echo 'dcgmi  version: 4.4.1';;
esac
`
  writeFileSync(command, script)
  chmodSync(command, 0o755)
  const memory = new Map<string, unknown>()
  const config = source.config.parse({ command, period_ms: PERIOD_MS, fields: FIELDS })
  return {
    memory,
    pids: () =>
      existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n').map(Number) : [],
    read: (): Promise<Interpretation> =>
      source.read({
        io: host,
        target: { address: command, node: 'n1' },
        config,
        nowMs: Date.now(),
        timeoutMs: 2000,
        memory,
      }),
    detect: () => source.detect(host, config, 'n1'),
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const PASSES = `while :; do cat ${folder}/pass; sleep 0.1; done`

/** Reads at the tool's own rhythm until the outcome is as wanted; every reason on the way. */
async function readUntil(
  read: () => Promise<Interpretation>,
  isWanted: (read: Interpretation) => boolean,
): Promise<string[]> {
  const reasons: string[] = []
  await expect
    .poll(
      async () => {
        const got = await read()
        reasons.push(got.reason ?? 'ok')
        return isWanted(got)
      },
      { timeout: 15_000, interval: LOOK_MS },
    )
    .toBe(true)
  return reasons
}

describe('on real processes', () => {
  it('finds the tool, reads both GPUs at the first read, and keeps one child', async () => {
    const dcgmi = tool('steady', PASSES)
    expect(await dcgmi.detect()).toMatchObject({ state: 'present' })
    for (let tick = 0; tick < 5; tick += 1) {
      const read = await dcgmi.read()
      expect([read.outcome, read.devices.length]).toEqual(['ok', 2])
      expect(read.devices[1]?.metrics).toMatchObject({ power_watts: 375, temperature_celsius: 48 })
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    const pids = dcgmi.pids()
    expect(pids).toHaveLength(1)
    source.close?.(dcgmi.memory)
    await expect.poll(() => pids.some(isAlive), { timeout: 3000 }).toBe(false)
  })

  it('one that hangs and ignores SIGTERM is ended by force and started again, never twice at once', async () => {
    const once = join(folder, 'hung-once')
    const hang = `if [ -e ${once} ]; then ${PASSES}; fi; : > ${once}; trap "" TERM; cat ${folder}/pass; while :; do sleep 1; done`
    const dcgmi = tool('hangs', hang)
    expect((await dcgmi.read()).outcome).toBe('ok')
    const reasons = await readUntil(dcgmi.read, (read) => read.reason === 'hung')
    expect(reasons.at(-2)).toBe('silent')
    let most = 0
    await readUntil(
      () => {
        most = Math.max(most, dcgmi.pids().filter(isAlive).length)
        return dcgmi.read()
      },
      (read) => read.outcome === 'ok',
    )
    expect(most).toBe(1)
    expect(dcgmi.pids()).toHaveLength(2)
    source.close?.(dcgmi.memory)
  })

  it('an error that it prints and dies of is the reason, and profiling fields are left out at once', async () => {
    const refusal = `case "$3" in *1001*) echo 'Error setting watches. Result: The third-party Profiling module returned an unrecoverable error'; exit 1;; esac; sed 's/GRACT/GPUTL/; s/0.500/50   /' ${folder}/pass; sleep 60`
    const dcgmi = tool('refuses', refusal)
    expect(await dcgmi.read()).toMatchObject({ outcome: 'failed', reason: 'profiling_refused' })
    const read = await dcgmi.read()
    expect(read.outcome).toBe('ok')
    expect(read.toolLabels).toMatchObject({ profiling: 'off: profiling_refused' })
    source.close?.(dcgmi.memory)
  })
})
