import { PlimsollError } from '#schemas/errors.ts'
import { isLoopback } from './addresses.ts'
import type { AccessConfig } from './config.ts'
import type { TokenStore } from './tokens.ts'

/** Throws E_BIND_NEEDS_TOKEN when the service would be open to the network without anybody able to log in. */
export async function checkBind(config: AccessConfig, tokens: TokenStore): Promise<void> {
  if (isLoopback(config.host) || (await tokens.any())) return
  throw new PlimsollError(
    'E_BIND_NEEDS_TOKEN',
    `refusing to listen on ${config.host}: everybody on that network could reach it and nobody could log in, ` +
      'because there is no valid token. Make one with `plimsoll token add --name NAME --role read`, ' +
      'or listen on 127.0.0.1',
  )
}
