import type { TimeSource } from '../../collector/clock.ts'
import type { FieldIo } from '../../collector/field-io.ts'
import type { SourceIo } from '../../collector/source.ts'
import type { Exporters } from './exporters.ts'
import type { NpuTools } from './npu-tools.ts'

/** The outside world of the demo's collectors, and its end. */
export interface SimulatedWorld extends SourceIo {
  /** Lets everybody go who waits for a node that does not answer. */
  stop(): void
}

export interface WorldDeps {
  readonly exporters: Exporters
  readonly tools: NpuTools
  readonly field: FieldIo
  readonly time: TimeSource
}

const NOTHING = new Uint8Array(0)

/** Exporters and tools behind the same interface that the real machine has. */
export function createWorld({ exporters, tools, field, time }: WorldDeps): SimulatedWorld {
  const waiting = new Set<() => void>()
  let isStopped = false
  /** As long as the reader is willing to wait. */
  const silence = (ms: number) =>
    new Promise<void>((resolve) => {
      if (isStopped) return resolve()
      const done = () => {
        cancel()
        waiting.delete(done)
        resolve()
      }
      const cancel = time.setTimer(ms, done)
      waiting.add(done)
    })
  return {
    async get(url, { timeoutMs }) {
      const page = exporters(url, time.wallMs())
      if (page !== null) return { ...page, failure: null }
      await silence(timeoutMs)
      return { status: null, body: NOTHING, failure: 'timeout' }
    },
    async run(command, args, { timeoutMs }) {
      const printed = tools(command, args, time.wallMs())
      if (printed !== null) {
        const { stdout, exitCode } = printed
        return { exitCode, stdout: Buffer.from(stdout), stderr: NOTHING, failure: null }
      }
      await silence(timeoutMs)
      return { exitCode: null, stdout: NOTHING, stderr: NOTHING, failure: 'timeout' }
    },
    stream: () => 'busy',
    hasCommand: async () => true,
    field,
    stop() {
      isStopped = true
      for (const done of waiting) done()
    },
  }
}
