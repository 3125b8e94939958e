import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { atTheEnd } from '../peers/scratch.ts'

/** A child process that takes and gives lines of JSON. */
export interface LineChild {
  readonly pid: number
  send(line: unknown): void
  /** Lines from now on; returns an unsubscribe. */
  on(hear: (line: unknown) => void): () => void
  /** The next line of this shape; rejects when the child ends, or after `waitMs`. */
  next<T>(shape: z.ZodType<T>, waitMs: number): Promise<T>
  stop(): Promise<void>
}

const STOP_MS = 20_000

/** Starts a script of this folder with this Node. What it writes to stderr is shown. */
export function startChild(
  script: string,
  { args = [], flags = [], env = {} }: ChildOptions = {},
): LineChild {
  const child: ChildProcess = spawn(process.execPath, [...flags, script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error(`${script} has no pipes`)
  const hearers = new Set<(line: unknown) => void>()
  createInterface({ input: stdout }).on('line', (text) => {
    const line: unknown = JSON.parse(text)
    for (const hear of hearers) hear(line)
  })
  stdin.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const forget = atTheEnd(() => child.kill('SIGKILL'))
  const on = (hear: (line: unknown) => void) => {
    hearers.add(hear)
    return () => void hearers.delete(hear)
  }
  return {
    pid: child.pid ?? 0,
    send: (line) => void stdin.write(`${JSON.stringify(line)}\n`),
    on,
    next(shape, waitMs) {
      const { promise, resolve, reject } = Promise.withResolvers<z.infer<typeof shape>>()
      const off = on((line) => {
        const given = shape.safeParse(line)
        if (given.success) resolve(given.data)
      })
      const timer = setTimeout(() => reject(new Error(`${script} said nothing`)), waitMs)
      void ended.then(() => reject(new Error(`${script} ended`)))
      return promise.finally(() => {
        off()
        clearTimeout(timer)
      })
    },
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      stdin.end()
      await ended
      clearTimeout(timer)
      forget()
    },
  }
}

interface ChildOptions {
  readonly args?: readonly string[]
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** In a child: hears lines of this shape until the parent closes its end, then calls `end`. */
export function hearLines<T>(
  shape: z.ZodType<T>,
  hear: (line: T) => void,
  end: () => void | Promise<void>,
): void {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (text) => hear(shape.parse(JSON.parse(text))))
  lines.on('close', () => {
    void Promise.resolve(end()).then(() => process.exit(0))
  })
}

export const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`)
