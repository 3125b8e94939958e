import { SearchAnswer, type SearchResult } from '#schemas/api-search.ts'
import { deviceOf, DEVICES_TOTAL } from './stub-devices.ts'

/** TEST ONLY. GET /api/v1/search of the made-up site. */

const NOWHERE = { cluster: '', hall: '', rack: '', node: '', model: '', tenant: '', devices: 0 }

export function searchAt(query: URLSearchParams, nowMs: number): SearchAnswer {
  const q = query.get('q')?.trim() ?? ''
  const wanted = q.toLowerCase()
  const nodes = new Map<string, SearchResult>()
  const found: SearchResult[] = []
  for (let index = 0; index < DEVICES_TOTAL; index += 1) {
    const { device_id, canonical_key, node, cluster, hall, rack, model } = deviceOf(index, nowMs)
    const place = { ...NOWHERE, cluster, hall, rack }
    const known = nodes.get(node)
    const label = { en: node, zh: node }
    const devices = (known?.devices ?? 0) + 1
    if (node.includes(wanted)) nodes.set(node, { ...place, kind: 'node', id: node, label, devices })
    const key = canonical_key.replace(/^\w+:/, '')
    if (wanted.length >= 3 && key.toLowerCase().includes(wanted)) {
      const named = { kind: 'device', id: device_id, label: { en: key, zh: key } } as const
      found.push({ ...place, ...named, node, model, devices: 1 })
    }
  }
  const rule = { ...NOWHERE, kind: 'rule', id: 'thermal_margin_low' } as const
  const title = { en: 'Little margin to slowdown', zh: '降频余量不足' }
  const rules = rule.id.includes(wanted) ? [{ ...rule, label: title }] : []
  const all = wanted === '' ? [] : [...nodes.values(), ...found, ...rules]
  return SearchAnswer.parse({
    q,
    results: all.slice(0, 20),
    more: all.length > 20,
    simulated: true,
  })
}
