import { ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createHost } from './host.ts'
import { createStreamRunner, type StreamRunner } from './host-stream.ts'
import type { CommandStream } from './source.ts'

const limits = { maxLines: 100, maxLineBytes: 1000 }
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-stream-'))
const environment = { ...process.env, PATH: `${folder}:${process.env.PATH}`, NATS_URL: 'secret' }
const runners: StreamRunner[] = []

function newRunner(): StreamRunner {
  const runner = createStreamRunner(environment)
  runners.push(runner)
  return runner
}

function script(name: string, body: string): string {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(folder, name), 0o755)
  return name
}

function started(
  runner: StreamRunner,
  command: string,
  args: readonly string[] = [],
  bounds = limits,
): CommandStream {
  const stream = runner.start(command, args, bounds)
  if (stream === 'busy') throw new Error(`${command} is busy`)
  return stream
}

/** Lines of a stream until it ended. */
async function allLines(stream: CommandStream): Promise<string[]> {
  const lines: string[] = []
  await expect
    .poll(
      () => {
        lines.push(...stream.take().lines)
        return stream.ended() !== null
      },
      { timeout: 5000, interval: 10 },
    )
    .toBe(true)
  return [...lines, ...stream.take().lines]
}

/** True while it runs: one that ended and waits for its new parent, the init of this machine, does not. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !isZombie(pid)
  } catch {
    return false
  }
}

function isZombie(pid: number | string): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The pid that a script wrote down, once it did. */
async function pidIn(name: string): Promise<number> {
  const read = () => {
    try {
      return Number(readFileSync(join(folder, name), 'utf8').trim())
    } catch {
      return 0
    }
  }
  await expect.poll(read, { timeout: 5000, interval: 10 }).toBeGreaterThan(1)
  return read()
}

/** Processes of ours that ended and were not reaped. */
function zombies(): string[] {
  const list = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  return list.split(' ').filter((pid) => pid !== '' && isZombie(pid))
}

afterAll(() => {
  for (const runner of runners) runner.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('what a stream prints', () => {
  it('comes as whole lines, however it is cut into pieces, without a shell and in English', async () => {
    const tool = script(
      'pieces',
      'printf "%s|%s|%s" "$1" "$LC_ALL" "$NATS_URL"; sleep 0.05; printf "\\nsec"; sleep 0.05; printf "ond\\r\\n\\303"; sleep 0.05; printf "\\251"; exit 3',
    )
    const stream = started(newRunner(), tool, ['$(id);*'])
    // The last line has no newline: what was said last is often why it ended.
    expect(await allLines(stream)).toEqual(['$(id);*|C|', 'second', 'é'])
    expect(stream.ended()).toEqual({ failure: 'exited', exitCode: 3 })
  })

  it('of both pipes is read, and pieces of one never end up inside lines of the other', async () => {
    const tool = script(
      'both',
      'printf "out-"; sleep 0.05; printf "err-" >&2; sleep 0.05; printf "end\\n"; sleep 0.05; printf "end\\n" >&2',
    )
    const lines = await allLines(started(newRunner(), tool))
    expect(lines.toSorted()).toEqual(['err-end', 'out-end'])
  })

  it('is dropped and counted where a line is too long, and the next line is whole again', async () => {
    const tool = script(
      'long-line',
      'echo first; head -c 300000 /dev/zero | tr "\\0" x; echo; echo last',
    )
    const stream = started(newRunner(), tool, [], { maxLines: 100, maxLineBytes: 1000 })
    await expect.poll(() => stream.ended() !== null, { timeout: 5000 }).toBe(true)
    expect(stream.take()).toEqual({ lines: ['first', 'last'], dropped: 1 })
    expect(stream.take()).toEqual({ lines: [], dropped: 0 })
  })

  it('pushes out the oldest lines when nobody takes them, and says how many', async () => {
    const stream = started(newRunner(), script('flood', 'seq 1 50000'), [], {
      maxLines: 10,
      maxLineBytes: 100,
    })
    await expect.poll(() => stream.ended() !== null, { timeout: 5000 }).toBe(true)
    const { lines, dropped } = stream.take()
    expect(lines).toEqual(Array.from({ length: 10 }, (_, i) => String(49_991 + i)))
    expect(dropped).toBe(49_990)
  })
})

describe('how a stream ends', () => {
  it('a tool that is missing, or may not be run, is an ended stream and no throw', async () => {
    const runner = newRunner()
    writeFileSync(join(folder, 'plain'), 'no program')
    for (const [command, failure] of [
      ['no-such-tool', 'not_found'],
      [join(folder, 'plain'), 'not_permitted'],
    ] as const) {
      const stream = started(runner, command)
      await expect.poll(() => stream.ended()).toEqual({ failure, exitCode: null })
      await stream.stop()
      // It never ran, so it is in nobody's way.
      expect(runner.start(command, [], limits)).not.toBe('busy')
    }
    const refused = started(runner, 'cat', ['a\0b'])
    expect(refused.ended()?.failure).toBe('spawn_failed')
  })

  it('a killed tool has ended, without an exit code', async () => {
    const stream = started(newRunner(), script('dies', 'kill -9 $$'))
    await expect
      .poll(() => stream.ended(), { timeout: 3000 })
      .toEqual({
        failure: 'exited',
        exitCode: null,
      })
  })

  it('stop() ends one that ignores SIGTERM, with its children, and resolves when it is gone', async () => {
    const runner = newRunner()
    const tool = script(
      'ignores',
      `trap "" TERM; sleep 60 & echo $! > ${folder}/child; while :; do echo on; sleep 0.05; done`,
    )
    const stream = started(runner, tool)
    const child = await pidIn('child')
    const startedMs = performance.now()
    const stopped = stream.stop()
    expect(runner.start(tool, [], limits)).toBe('busy')
    expect(stream.stop()).toBe(stopped)
    await stopped
    expect(performance.now() - startedMs).toBeGreaterThan(800)
    await expect.poll(() => isAlive(child)).toBe(false)
    await expect.poll(() => stream.ended()).toMatchObject({ failure: 'exited' })
    await stream.stop()
  })

  it('one that obeys is gone at once, and the next may be started', async () => {
    const runner = newRunner()
    const tool = script('obeys', 'while :; do echo on; sleep 0.02; done')
    const stream = started(runner, tool)
    await expect.poll(() => stream.take().lines.length).toBeGreaterThan(0)
    const startedMs = performance.now()
    await stream.stop()
    expect(performance.now() - startedMs).toBeLessThan(900)
    await started(runner, tool).stop()
  })

  it('a wrapper that ends leaves no tool running behind it', async () => {
    const runner = newRunner()
    const tool = script('wraps', `sleep 60 & echo $! > ${folder}/wrapped; sleep 0.1`)
    const stream = started(runner, tool)
    const wrapped = await pidIn('wrapped')
    // The child holds the pipes: only the end of the wrapper itself can be waited for.
    await expect.poll(() => stream.ended(), { timeout: 3000 }).not.toBeNull()
    await expect.poll(() => isAlive(wrapped)).toBe(false)
  })
})

describe('at most one at a time', () => {
  it('is busy while one that ignores every signal is there, and free when it is gone at last', async () => {
    const stuck = new ChildProcess()
    let starts = 0
    const runner = createStreamRunner(environment, (command, args, options) => {
      starts += 1
      return starts === 1 ? stuck : spawn(command, args, options)
    })
    runners.push(runner)
    const stream = started(runner, 'sleep', ['60'])
    let isGone = false
    void stream.stop().then(() => (isGone = true))
    for (let i = 0; i < 5; i += 1) {
      expect(runner.start('sleep', ['60'], limits)).toBe('busy')
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    // Longer than between SIGTERM and SIGKILL.
    expect(isGone).toBe(false)
    expect(stream.ended()).toBeNull()
    expect(starts).toBe(1)
    stuck.emit('exit', null, 'SIGKILL')
    await stream.stop()
    await expect.poll(() => isGone).toBe(true)
    await started(runner, 'sleep', ['60']).stop()
    expect(starts).toBe(2)
  })

  it('holds per command: two tools run side by side, and calls of a tool beside its stream', async () => {
    const host = createHost(environment)
    const one = host.stream(script('one', 'sleep 60'), [], limits)
    const two = host.stream(script('two', 'sleep 60'), [], limits)
    expect([one, two]).not.toContain('busy')
    expect(host.stream('one', [], limits)).toBe('busy')
    script('one-call', 'echo called')
    const called = await host.run('one-call', [], { timeoutMs: 2000, maxBytes: 100 })
    expect(new TextDecoder().decode(called.stdout)).toBe('called\n')
    host.stop()
  })
})

describe('the end of everything', () => {
  it('host.stop() ends the streams, leaves no zombie, and lets none be started after it', async () => {
    const host = createHost(environment)
    const tool = script(
      'stubborn',
      `trap "" TERM; echo $$ > ${folder}/stubborn-pid; while :; do sleep 0.05; done`,
    )
    const stream = host.stream(tool, [], limits)
    const pid = await pidIn('stubborn-pid')
    host.stop()
    if (stream === 'busy') throw new Error('busy')
    await expect.poll(() => stream.ended(), { timeout: 3000 }).not.toBeNull()
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(zombies()).toEqual([])
    const late = host.stream(tool, [], limits)
    expect(late === 'busy' ? null : late.ended()?.failure).toBe('spawn_failed')
  })

  it('a process with a running stream can end, and its stream ends with it', async () => {
    const tool = script(
      'outlives',
      `trap "" TERM; echo $$ > ${folder}/outlives-pid; while :; do echo on; sleep 0.05; done`,
    )
    const program = join(folder, 'program.mjs')
    const module = join(import.meta.dirname, 'host-stream.ts')
    writeFileSync(
      program,
      `import { createStreamRunner } from ${JSON.stringify(module)}
       import { existsSync } from 'node:fs'
       const stream = createStreamRunner().start(${JSON.stringify(join(folder, tool))}, [], { maxLines: 10, maxLineBytes: 100 })
       const wait = setInterval(() => {
         if (!existsSync(${JSON.stringify(join(folder, 'outlives-pid'))}) || stream.take().lines.length === 0) return
         clearInterval(wait)
         console.log('done')
       }, 10)`,
    )
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const startedMs = performance.now()
    const exit = await new Promise((resolve) => child.on('exit', resolve))
    expect(exit).toBe(0)
    expect(performance.now() - startedMs).toBeLessThan(10_000)
    const pid = await pidIn('outlives-pid')
    await expect.poll(() => isAlive(pid), { timeout: 3000 }).toBe(false)
  })
})
