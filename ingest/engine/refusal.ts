/**
 * A request the engine role turns down before or instead of the engine. Rendered exactly as a ClickHouse
 * server renders its exceptions, so that the client parses both alike. Codes and type names are the
 * server's own (src/Common/ErrorCodes.cpp).
 */
export class EngineRefusal extends Error {
  readonly code: number
  readonly type: string

  constructor(code: number, type: string, message: string) {
    super(`Code: ${code}. DB::Exception: ${message}. (${type})`)
    this.name = 'EngineRefusal'
    this.code = code
    this.type = type
  }
}

export const refuseSyntax = (message: string) => new EngineRefusal(62, 'SYNTAX_ERROR', message)
export const refuseReadonly = (message: string) => new EngineRefusal(164, 'READONLY', message)
export const refuseAccess = (message: string) => new EngineRefusal(497, 'ACCESS_DENIED', message)
export const refuseSetting = (message: string) => new EngineRefusal(115, 'UNKNOWN_SETTING', message)
export const refuseParameter = (message: string) =>
  new EngineRefusal(457, 'BAD_QUERY_PARAMETER', message)
export const refuseTooLarge = (message: string) => new EngineRefusal(307, 'TOO_MANY_BYTES', message)
export const refuseBusy = (message: string) =>
  new EngineRefusal(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', message)
export const refuseNoFile = (message: string) =>
  new EngineRefusal(107, 'FILE_DOESNT_EXIST', message)
export const refuseLogin = (message: string) =>
  new EngineRefusal(516, 'AUTHENTICATION_FAILED', message)
export const refuseCancelled = (message: string) =>
  new EngineRefusal(394, 'QUERY_WAS_CANCELLED', message)
export const refuseUnsupported = (message: string) =>
  new EngineRefusal(48, 'NOT_IMPLEMENTED', message)

/** The number of an engine or refusal text, or null when it does not start with one. */
export function exceptionCode(message: string): number | null {
  const found = /^Code: (\d{1,6})\./.exec(message)
  return found?.[1] === undefined ? null : Number(found[1])
}
