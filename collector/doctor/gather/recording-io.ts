import { createHash, type Hash } from 'node:crypto'
import type { CommandStream, SourceIo } from '../../source.ts'
import { recordingField } from './recording-field.ts'

/** One thing a tool or page said, as kept for the support file. */
export interface RecordedOutput {
  /** `npu-smi info`, or the URL: secrets are taken out when the file is written. */
  readonly what: string
  readonly result: string
  readonly text: string
  /** Characters of the whole answer; more than `text` has when it was cut. */
  readonly bytes: number
}

/** Bytes kept of one answer, and of all of them. */
const ANSWER_BYTES = 256 << 10
const ALL_BYTES = 8 << 20

/** Keeps what the tools said, bounded: the first answers are kept, later ones only counted. */
export interface Recorder {
  readonly outputs: readonly RecordedOutput[]
  /** Answers that found no room. */
  dropped(): number
  keep(what: string, result: string, bytes: Uint8Array): void
}

export function createRecorder(): Recorder {
  const outputs: RecordedOutput[] = []
  let room = ALL_BYTES
  let dropped = 0
  return {
    outputs,
    dropped: () => dropped,
    keep(what, result, bytes) {
      const part = bytes.subarray(0, Math.min(ANSWER_BYTES, room))
      if (part.length === 0 && bytes.length > 0) dropped++
      else {
        room -= part.length
        outputs.push({
          what,
          result,
          text: new TextDecoder().decode(part),
          bytes: bytes.length,
        })
      }
    },
  }
}

/** The same world for one read: what it says is recorded and hashed. */
export function recordingIo(
  io: SourceIo,
  recorder: Recorder,
): { readonly io: SourceIo; digest(): string | null } {
  const hash = createHash('sha256')
  let heard = false
  const hear = (bytes: Uint8Array) => {
    heard ||= bytes.length > 0
    hash.update(bytes)
  }
  return {
    digest: () => (heard ? finished(hash) : null),
    io: {
      async run(command, args, limits) {
        const result = await io.run(command, args, limits)
        hear(result.stdout)
        const bytes = Buffer.concat([result.stdout, result.stderr])
        const ended = result.failure ?? `exit ${result.exitCode ?? '?'}`
        recorder.keep([command, ...args].join(' '), ended, bytes)
        return result
      },
      async get(url, limits) {
        const result = await io.get(url, limits)
        hear(result.body)
        recorder.keep(url, result.failure ?? `status ${result.status ?? '?'}`, result.body)
        return result
      },
      stream(command, args, limits) {
        const stream = io.stream(command, args, limits)
        if (stream === 'busy') return stream
        const what = [command, ...args].join(' ')
        return recordingStream(stream, (text) => {
          const bytes = new TextEncoder().encode(text)
          hear(bytes)
          recorder.keep(what, 'running', bytes)
        })
      },
      hasCommand: (command) => io.hasCommand(command),
      ...(io.field === undefined
        ? {}
        : {
            field: recordingField(io.field, (what, result, bytes) => {
              hear(bytes)
              recorder.keep(what, result, bytes)
            }),
          }),
    },
  }
}

const finished = (hash: Hash) => hash.copy().digest('hex')

function recordingStream(stream: CommandStream, keep: (text: string) => void): CommandStream {
  return {
    take() {
      const taken = stream.take()
      if (taken.lines.length > 0) keep(taken.lines.join('\n') + '\n')
      return taken
    },
    ended: () => stream.ended(),
    stop: () => stream.stop(),
  }
}
