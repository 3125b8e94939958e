import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NOTIFICATION_REASONS } from '#schemas/alerts/alert.ts'
import { ALERT_SEVERITIES } from '#schemas/alerts/severity.ts'
import { FIRST_LINE_MAX } from './figures.ts'
import { type MessageGroup, worstFirst } from './group.ts'
import { renderLines } from './lines.ts'
import { anAlert, aNotification, AT, FORBIDDEN, ruleWords } from './message.testing.ts'

const SHANGHAI = { timeZone: 'Asia/Shanghai', nowMs: AT + 15 * 60_000 }
const group = (change: Partial<MessageGroup> = {}): MessageGroup => ({
  reason: 'firing',
  severity: 'page',
  alerts: [anAlert()],
  ruleWords,
  ...change,
})

describe('the five lines', () => {
  it('are those of the page at 03:10, in both languages', () => {
    expect(renderLines(group(), SHANGHAI)).toEqual(aNotification().lines)
  })

  it('tell a return with its cost and cause', () => {
    const alert = anAlert({
      state: 'resolved',
      resolved_ms: AT + 57 * 60_000,
      cost_usd: 15_800,
      because: { en: 'job 884311 took hall 2', zh: '任务 884311 占用机房 2' },
      reading: { what: { en: 'Fleet busy 64.1 %', zh: '机群忙碌率 64.1 %' } },
    })
    const lines = renderLines(group({ reason: 'resolved', alerts: [alert] }), {
      ...SHANGHAI,
      nowMs: AT + 57 * 60_000,
    })
    expect(lines.en).toEqual([
      '[OK] Fleet busy 64.1 % at 03:52. 57 min under the line, $15,800.',
      'Restored by: job 884311 took hall 2',
      '49,611 of 50,000 reporting.',
    ])
    expect(lines.zh[0]).toBe('[恢复] 机群忙碌率 64.1 %，03:52。低于警戒线 57 分钟，损失 $15,800。')
  })

  it('tell a hold as neither well nor over', () => {
    const alert = anAlert({
      state: 'held',
      because: { en: 'hall 3 reports nothing', zh: '机房 3 无上报' },
    })
    const { en, zh } = renderLines(group({ reason: 'held', alerts: [alert] }), SHANGHAI)
    expect(en[0]).toBe(
      '[ON HOLD] Fleet busy 58.4 %, under the 60 % line: cannot be judged since 03:10',
    )
    expect(en[2]).toBe('Why: hall 3 reports nothing')
    expect(zh[0]).toContain('自 03:10 起无法判断')
  })

  it('begin a repeat, a worse one, an escalation and a drill as such', () => {
    const first = (change: Partial<MessageGroup>) => renderLines(group(change), SHANGHAI).en[0]
    expect(first({ reason: 'repeat' })).toMatch(/^\[PAGE\] Still: Fleet busy/)
    expect(first({ reason: 'worse' })).toMatch(/^\[PAGE\] Worse: Fleet busy/)
    expect(first({ reason: 'drill' })).toMatch(/^\[PAGE\] DRILL, nothing is wrong: Fleet busy/)
    expect(first({ reason: 'escalation', toldMs: AT + 10 * 60_000 })).toMatch(
      /^\[PAGE\] Nobody answered for 5 min: Fleet busy/,
    )
    expect(first({ reason: 'drill', alerts: [] })).toBe(
      '[PAGE] DRILL: nothing is wrong, this is an exercise',
    )
    expect(first({ reason: 'test', alerts: [] })).toBe('[TEST] Plimsoll reaches this channel')
  })

  it('name a place and the action of the rule where an alert knows no better', () => {
    const alert = anAlert({
      rule: 'device_lost',
      labels: { node: 'n-0042', rack: 'r7' },
      reading: {
        what: null,
        why: null,
        doing: null,
        known: null,
        usd_per_hour: null,
        devices: 1,
        coverage: null,
      },
    })
    expect(renderLines(group({ alerts: [alert] }), SHANGHAI).en).toEqual([
      '[PAGE] Device lost, n-0042 since 02:55 (15 min)',
      'Cost not known. 1 device.',
      'Why: not known yet',
      'Do: Drain the node, reboot it once; if the device stays away open a case',
    ])
  })

  it('put the worst first and count the others; dollars of devices add up, those of zones do not', () => {
    const lost = (node: string, usd: number) =>
      anAlert({
        rule: 'device_lost',
        labels: { node },
        reading: {
          what: null,
          why: null,
          usd_per_hour: usd,
          known: null,
          devices: 8,
          coverage: null,
        },
      })
    const { en } = renderLines(
      group({ alerts: [lost('n1', 2), lost('n2', 20)], more: 40 }),
      SHANGHAI,
    )
    expect(en[0]).toBe('[PAGE] Device lost, n2 since 02:55 (15 min), 41 more')
    expect(en[1]).toBe('Cost $22/h. 8 devices.')
    expect(en[2]).toBe('Why: not known yet; at n2, n1 and 40 more')
    const zones = [anAlert(), anAlert({ labels: { zone_set: 'halls', hall: 'h2' } })]
    expect(renderLines(group({ alerts: zones }), SHANGHAI).en[1]).toMatch(/^Cost \$16,600\/h/)
  })

  it('begin with the place that all share, and count and add up nothing twice', () => {
    const head = anAlert({
      rule: 'device_lost',
      labels: { rack: 'r7' },
      reading: {
        what: { en: 'Rack r7, 72 devices: Device lost', zh: '机架 r7，72 台设备：设备丢失' },
        why: null,
        doing: null,
        known: null,
        coverage: null,
        devices: 72,
        usd_per_hour: 144,
      },
    })
    const lost = ['n1', 'n2'].map((node) =>
      anAlert({ rule: 'device_lost', labels: { node }, reading: { why: null, usd_per_hour: 2 } }),
    )
    const { en } = renderLines(group({ alerts: lost, head, more: 70 }), SHANGHAI)
    expect(en).toEqual([
      '[PAGE] Rack r7, 72 devices: Device lost since 02:55 (15 min)',
      'Cost $144/h. 72 devices.',
      'Why: not known yet; at n2, n1 and 70 more',
      'Do: Drain the node, reboot it once; if the device stays away open a case',
    ])
  })

  it('make a digest of many, worst first', () => {
    const alerts = Array.from({ length: 9 }, (_, i) =>
      anAlert({
        rule: 'device_lost',
        severity: i === 4 ? 'page' : 'ticket',
        labels: { node: `n${i}` },
        reading: { what: null, usd_per_hour: i },
      }),
    )
    const { en } = renderLines(group({ reason: 'digest', alerts, more: 28 }), SHANGHAI)
    expect(en[0]).toBe('[DIGEST] 37 alerts, $36/h together, worst first')
    expect(en[1]).toBe('[PAGE] Device lost, n4, $4/h')
    expect(en.at(-1)).toBe('and 31 more')
    expect(en).toHaveLength(8)
  })

  it('say the day when it was not today, and take odd text as one line', () => {
    const alert = anAlert({
      since_ms: AT - 26 * 3_600_000,
      reading: { what: { en: 'Job "a\r\nBcc: x\u202e" idle', zh: '闲置' } },
    })
    expect(renderLines(group({ alerts: [alert] }), SHANGHAI).en[0]).toBe(
      '[PAGE] Job "a Bcc: x " idle since 22 Nov 00:55 (26 h 15 min)',
    )
  })
})

const anyAlert = fc
  .record({
    severity: fc.constantFrom(...ALERT_SEVERITIES),
    what: fc.option(fc.string({ minLength: 1, maxLength: 900, unit: 'grapheme' })),
    because: fc.option(fc.string({ maxLength: 900 })),
    usd: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
    node: fc.string({ minLength: 1, maxLength: 200 }),
    devices: fc.option(fc.nat(100_000)),
    coverage: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map(({ severity, what, because, usd, node, devices, coverage }) =>
    anAlert({
      severity,
      rule: 'device_lost',
      labels: { node },
      because: because === null ? null : { en: because, zh: because },
      reading: {
        what: what === null ? null : { en: what, zh: what },
        why: null,
        usd_per_hour: usd,
        devices,
        coverage,
        known: null,
      },
    }),
  )

describe('any message', () => {
  it('has one to eight lines, the first at most 110 characters, no line breaks, no word of ours', () => {
    const groups = fc.record({
      reason: fc.constantFrom(...NOTIFICATION_REASONS),
      severity: fc.constantFrom(...ALERT_SEVERITIES),
      alerts: fc.array(anyAlert, { maxLength: 50 }),
      more: fc.nat(10_000),
    })
    fc.assert(
      fc.property(groups, (given) => {
        const made = renderLines({ ...given, ruleWords }, SHANGHAI)
        for (const lines of [made.en, made.zh]) {
          expect(lines.length).toBeGreaterThan(0)
          expect(lines.length).toBeLessThanOrEqual(8)
          expect(Array.from(lines[0] ?? '').length).toBeLessThanOrEqual(FIRST_LINE_MAX)
          // The generated text itself may hold anything but breaks.
          for (const line of lines) expect(line).not.toMatch(/[\n\r\u2028\u202e]/)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('says nothing internal for any reason, with much known or little', () => {
    const bare = anAlert({
      rule: 'device_lost',
      labels: { rack: 'r1' },
      reading: {
        what: null,
        why: null,
        doing: null,
        known: null,
        usd_per_hour: null,
        coverage: null,
        devices: null,
      },
    })
    for (const reason of NOTIFICATION_REASONS)
      for (const severity of ALERT_SEVERITIES)
        for (const alerts of [[], [bare], [anAlert(), bare], [anAlert({ rule: 'gone' })]]) {
          const { en, zh } = renderLines({ reason, severity, alerts, ruleWords }, SHANGHAI)
          for (const line of [...en, ...zh]) expect(line).not.toMatch(FORBIDDEN)
        }
  })

  it('is the same whatever order its alerts came in', () => {
    fc.assert(
      fc.property(fc.array(anyAlert, { minLength: 2, maxLength: 8 }), (alerts) => {
        expect(worstFirst([...alerts].reverse()).map(({ labels }) => labels.node)).toEqual(
          worstFirst(alerts).map(({ labels }) => labels.node),
        )
      }),
    )
  })
})
