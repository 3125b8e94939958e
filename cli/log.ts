import type { Logger, LogFields } from '#schemas/role.ts'

/** Lines of `time level message key=value`, one per state change; values with blanks are quoted. */
export function createLogger(
  write: (line: string) => void,
  clock: () => number,
  scope = '',
): Logger {
  const line = (level: string, message: string, fields: LogFields = {}) => {
    const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${quote(String(value))}`)
    const where = scope === '' ? '' : ` [${scope}]`
    write(`${new Date(clock()).toISOString()} ${level}${where} ${message}${rest.join('')}`)
  }
  return {
    info: (message, fields) => line('info ', message, fields),
    warn: (message, fields) => line('warn ', message, fields),
    error: (message, fields) => line('error', message, fields),
  }
}

/** Control characters would let a device name forge a log line. */
function quote(value: string): string {
  return /[\s"=\p{Cc}]/u.test(value) ? JSON.stringify(value) : value
}
