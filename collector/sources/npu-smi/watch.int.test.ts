import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createHost } from '../../host.ts'
import { renderTool } from './simulate-tool.ts'
import { createNpuSmiSource } from './source.ts'
import { TOOL, die } from './source.testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-npu-'))
const host = createHost()
afterEach(() => {
  host.stop()
  rmSync(folder, { recursive: true, force: true })
})

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const streamPid = () => Number(readFileSync(join(folder, 'pid'), 'utf8'))

/** Asks until the answer is there, for at most this long. */
async function until<T>(what: () => Promise<T | null>, ms = 15_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    const found = await what()
    if (found !== null) return found
    await sleep(50)
  }
  throw new Error('it did not come')
}

it('a real stream is read, ended when it hangs, started again, and gone when the target leaves', async () => {
  const devices = [die(0, 0), die(0, 1)]
  for (const [name, text] of renderTool(devices, TOOL))
    writeFileSync(join(folder, name), text, { mode: 0o755 })
  const clock = { nowMs: 0 }
  const source = createNpuSmiSource({ monotonicMs: () => clock.nowMs })
  const memory = new Map<string, unknown>()
  const read = () => {
    clock.nowMs += 1000
    return source.read({
      io: host,
      target: { address: join(folder, 'npu-smi'), node: 'n1' },
      config: source.config.parse({}),
      nowMs: 60_000 + clock.nowMs,
      timeoutMs: 5000,
      memory,
    })
  }
  const rows = async () => {
    const answer = await read()
    const hasRows = (answer.devices[0]?.metrics.aicpu_ratio ?? null) !== null
    return answer.outcome === 'ok' && hasRows ? answer : null
  }

  await read()
  // The box is older than its figures may be; what comes now comes from the stream.
  const first = await until(rows)
  expect(first.devices.map((each) => each.metrics.aicore_ratio)).toEqual([0.3, 0.3])
  expect(first.devices[0]?.keys[0]).toMatch(/^vdie:/)
  const pid = streamPid()
  expect(isAlive(pid)).toBe(true)

  process.kill(pid, 'SIGSTOP')
  const failure = await until(async () => {
    const answer = await read()
    return answer.outcome === 'failed' ? answer : null
  })
  expect(failure.devices).toEqual([])
  await until(rows)
  expect(isAlive(pid)).toBe(false)
  const next = streamPid()
  expect(next).not.toBe(pid)

  source.close?.(memory)
  await until(() => Promise.resolve(isAlive(next) ? null : true))
}, 40_000)
