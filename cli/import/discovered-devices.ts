import { type Device, DeviceList } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { askServer, jsonOf } from '../server-request.ts'

/** Largest page that /api/v1/devices gives. */
const PAGE = 500
/** More devices than this are not the answer of one site. */
const DEVICES_MAX = 1_000_000

export interface Discovered {
  readonly devices: readonly Device[]
  readonly simulated: boolean
}

/**
 * Every whole device that a running server knows of, partitions left out, page by page. Throws what the server
 * refuses with, and E_STORE_AWAY when nobody answers.
 */
export async function discoveredDevices(
  base: string,
  options: { readonly token: string | undefined; onPage?(got: number, total: number): void },
): Promise<Discovered> {
  const devices = new Map<string, Device>()
  let simulated = false
  let cursor: string | null = null
  do {
    const url = new URL(`/api/v1/devices?limit=${PAGE}`, base)
    if (cursor !== null) url.searchParams.set('cursor', cursor)
    const answer = await askServer(url, { token: options.token })
    const page = DeviceList.safeParse(await jsonOf(answer))
    if (!page.success)
      throw new PlimsollError('E_INTERNAL', `${base} is no Plimsoll of this version`)
    // By id: a device that is new meanwhile shifts the pages, and one would come twice.
    for (const device of page.data.devices) devices.set(device.device_id, device)
    simulated ||= page.data.simulated
    cursor = page.data.devices.length === 0 ? null : page.data.next_cursor
    options.onPage?.(devices.size, page.data.total)
  } while (cursor !== null && devices.size < DEVICES_MAX)
  return { devices: [...devices.values()], simulated }
}

/** Not in capacity and not heard of: replaced, retired, or seen for moments only. It is nothing to list. */
export const isGone = ({ accepted, state }: Device): boolean =>
  !accepted && (state === 'silent' || state === 'never')
