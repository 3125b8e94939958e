import { appendFile, open } from 'node:fs/promises'
import type { Log, LogMessage } from '../bus/log.ts'

/** One line per message, its position the line number: survives its readers, written by the test alone. */
export function fileLog(path: string): Pick<Log, 'epoch' | 'first' | 'last' | 'read'> {
  const load = async (): Promise<LogMessage[]> => {
    const file = await open(path, 'r').catch(() => null)
    if (file === null) return []
    try {
      const lines = (await file.readFile('utf8')).split('\n')
      // What stands behind the last newline is still being written.
      return lines.slice(0, -1).map((line, index) => {
        const [subject = '', id = '', at = '', payload = ''] = line.split(' ')
        const receivedAtMs = Number(at)
        const bytes = Uint8Array.from(Buffer.from(payload, 'base64'))
        return {
          position: index + 1,
          subject,
          id,
          receivedAtMs,
          sentAtMs: receivedAtMs,
          payload: bytes,
        }
      })
    } finally {
      await file.close()
    }
  }
  return {
    epoch: () => 'file',
    first: async () => 1,
    last: async () => (await load()).length,
    async read(from, max, waitMs) {
      const found = (await load()).slice(from - 1, from - 1 + max)
      if (found.length === 0)
        await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 20)))
      return found
    },
  }
}

export async function appendToFileLog(
  path: string,
  messages: readonly Omit<LogMessage, 'position'>[],
): Promise<void> {
  const lines = messages.map(({ subject, id, receivedAtMs, payload }) =>
    [subject, id, receivedAtMs, Buffer.from(payload).toString('base64')].join(' '),
  )
  await appendFile(path, `${lines.join('\n')}\n`)
}
