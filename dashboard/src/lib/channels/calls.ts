import type {
  ChannelsAnswer,
  ChannelTestAnswer,
  DeliveriesAnswer,
  ReplayAnswer,
} from '#schemas/api-channels.ts'
import type { DrillAnswer } from '#schemas/api-alert-drill.ts'
import type { JournalPage } from '#schemas/api-journal.ts'
import type { OverrideItem, OverrideRequest, RosterAnswer } from '#schemas/api-roster.ts'
import { apiUrl, call, get, type Params } from '#lib/api.ts'

/** What the pages of channels and the roster ask of the API. */

export const channels = (signal: AbortSignal) =>
  get<ChannelsAnswer>(apiUrl('alerts/channels'), signal)

export const deliveries = (params: Params, signal: AbortSignal) =>
  get<DeliveriesAnswer>(apiUrl('alerts/deliveries', params), signal)

export const roster = (signal: AbortSignal) => get<RosterAnswer>(apiUrl('roster'), signal)

const post = <Answer>(path: string, signal: AbortSignal, body?: unknown) =>
  call<Answer>(apiUrl(path), {
    method: 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    signal,
  })

export const testChannel = (name: string, signal: AbortSignal) =>
  post<ChannelTestAnswer>(`alerts/channels/${encodeURIComponent(name)}/test`, signal)

export const replay = (ids: readonly string[], signal: AbortSignal) =>
  post<ReplayAnswer>('alerts/replay', signal, { ids })

export const enterOverride = (request: OverrideRequest, signal: AbortSignal) =>
  post<OverrideItem>('roster/overrides', signal, request)

/** Ends an override now. */
export const endOverride = (id: string, signal: AbortSignal) =>
  call<OverrideItem>(apiUrl(`roster/overrides/${encodeURIComponent(id)}`), {
    method: 'DELETE',
    signal,
  })

export const startDrill = (signal: AbortSignal) => post<DrillAnswer>('alerts/drill', signal)

export const journalFrom = (from: number, signal: AbortSignal) =>
  get<JournalPage>(apiUrl('journal', { from, limit: 200 }), signal)
