import type { AlertItem } from '#schemas/api-alerts.ts'

/** TEST ONLY. An alert of the fleet under its 60 % line. */
export function alertItem(over: Partial<AlertItem> = {}): AlertItem {
  return {
    fingerprint: '0123456789abcdef0123456789abcdef',
    rule: 'zone_danger',
    labels: { zone_set: 'fleet', zone: 'danger' },
    state: 'firing',
    severity: 'page',
    mode: 'paging',
    since_ms: Date.UTC(2026, 10, 22, 18, 55),
    fired_ms: Date.UTC(2026, 10, 22, 19, 10),
    resolved_ms: null,
    because: null,
    reading: {
      value: 0.584,
      low: 0.579,
      high: 0.587,
      coverage: 0.992,
      usd_per_hour: 16_600,
      devices: 50_000,
      what: null,
      why: { en: 'job 884213 failed 02:51', zh: '作业 884213 于 02:51 失败' },
      doing: null,
      known: null,
    },
    cost_usd: 15_800,
    group: 'grp_0123456789abcdef0123456789abcdef',
    line: {
      en: '[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)',
      zh: '[紧急] 机群繁忙率 58.4 %，低于 60 % 线，自 02:55 起（15 分钟）',
    },
    title: { en: 'Fleet under the danger line', zh: '机群低于危险线' },
    action: { en: 'Call the owner', zh: '联系负责人' },
    runbook: 'zone-danger',
    urgent: true,
    ack: null,
    suppressed_by: null,
    would_have_paged: null,
    ...over,
  }
}
