import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadShape } from '../../cli/load/layout.ts'
import { cpuSeconds } from '../peers/proc.ts'
import { atTheEnd } from '../peers/scratch.ts'
import type { Made, Order, Word } from './generator-words.ts'

/** The generator, seen from the benchmark. */
export interface Generator {
  /** CPU of this process is not the pipeline's. */
  cpuSeconds(): number
  prepare(ticksMs: readonly number[]): Promise<Made>
  /** Resolves when the bus has all; returns how long that took, s. */
  send(shiftMs: number): Promise<number>
  replay(
    window: { readonly fromMs: number; readonly toMs: number },
    onProgress: (sent: Made, lateMs: number) => void,
  ): Promise<Made>
  stop(): void
}

const SCRIPT = fileURLToPath(new URL('./generator.ts', import.meta.url))
/** What is kept ready of a large fleet takes its room. */
const HEAP_MB = 8192

/** Starts the generator and lets it connect its collectors. */
export async function startGenerator(options: {
  readonly shape: LoadShape
  readonly natsUrl: string
  readonly stepMs: number
}): Promise<Generator> {
  const child = fork(SCRIPT, [], { execArgv: [`--max-old-space-size=${HEAP_MB}`] })
  const forget = atTheEnd(() => child.kill('SIGKILL'))
  let hear: ((word: Word) => void) | null = null
  let fail: ((error: Error) => void) | null = null
  child.on('message', (word: Word) => hear?.(word))
  child.once('exit', (code) => fail?.(new Error(`the generator ended with ${code}`)))
  const ask = <K extends Word['kind']>(
    order: Order,
    kind: K,
    onOther: (word: Word) => void = () => undefined,
  ) =>
    new Promise<Extract<Word, { kind: K }>>((resolve, reject) => {
      const isAnswer = (word: Word): word is Extract<Word, { kind: K }> => word.kind === kind
      fail = reject
      hear = (word) => {
        if (isAnswer(word)) resolve(word)
        else if (word.kind === 'failed') reject(new Error(word.reason))
        else onOther(word)
      }
      child.send(order)
    })
  await ask({ kind: 'open', ...options }, 'opened')
  return {
    cpuSeconds: () => cpuSeconds(child.pid ?? 0),
    prepare: async (ticksMs) => (await ask({ kind: 'prepare', ticksMs }, 'prepared')).made,
    send: async (shiftMs) => (await ask({ kind: 'send', shiftMs }, 'sent')).seconds,
    async replay(window, onProgress) {
      const progress = (word: Word) => {
        if (word.kind === 'replaying') onProgress(word.sent, word.lateMs)
      }
      return (await ask({ kind: 'replay', ...window }, 'replayed', progress)).sent
    },
    stop() {
      forget()
      child.disconnect()
    },
  }
}
