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
    write(`${new Date(clock()).toISOString()} ${level}${where} ${escaped(message)}${rest.join('')}`)
  }
  return {
    info: (message, fields) => line('info ', message, fields),
    warn: (message, fields) => line('warn ', message, fields),
    error: (message, fields) => line('error', message, fields),
  }
}

/**
 * What would begin a new line, move the cursor or turn the direction of writing: a device name must not
 * forge a log line. JSON leaves U+007F to U+009F and the directions as they are.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/gu

function quote(value: string): string {
  const isPlain = value !== '' && !/[\s"=]/.test(value) && value.search(UNSAFE) === -1
  return isPlain ? value : escaped(JSON.stringify(value))
}

function escaped(text: string): string {
  return text.replaceAll(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
