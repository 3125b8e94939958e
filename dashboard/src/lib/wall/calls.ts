import type { WallLayout } from '#schemas/api-wall.ts'
import { decodeWall, decodeWallIds, type WallMessage } from '#schemas/wall.ts'
import { apiUrl, get, getBytes } from '#lib/api.ts'

/** What the wall asks of the API. Each rejects with ApiFailure; bytes that are no answer with RangeError. */

export const wallLayout = (signal: AbortSignal) => get<WallLayout>(apiUrl('wall/layout'), signal)

/** The latest values, or what changed since a stamp; with `atMs` a settled minute. */
export async function wallValues(
  asked: { readonly since?: number | null; readonly at?: number | null },
  signal: AbortSignal,
): Promise<WallMessage> {
  return decodeWall(await getBytes(apiUrl('wall/values', asked), signal))
}

export async function wallIds(signal: AbortSignal) {
  return decodeWallIds(await getBytes(apiUrl('wall/ids'), signal))
}
