import { DemoMessages } from '#schemas/alerts/demo-message.ts'

/** TEST ONLY. What two receivers of the demo got: a chat and a mail. */
export function messagesAt(nowMs: number): DemoMessages {
  const request = {
    url: 'https://hooks.slack.com/services/demo',
    headers: { 'content-type': 'application/json' },
    body: '{"text":"[PAGE] Fleet busy 58.4 %"}',
  }
  return DemoMessages.parse({
    messages: [
      {
        sequence: 2,
        at_ms: nowMs - 60_000,
        kind: 'slack',
        request,
        blocks: [
          {
            kind: 'title',
            text: '[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)',
            colour: 'red',
          },
          { kind: 'text', text: 'Cost $16,600/h against 75 %. 49,611 of 50,000 reporting.' },
          { kind: 'fields', text: 'Why: job 884213 failed 02:51\nDo: call the owner' },
          { kind: 'links', text: 'Ack · Chart · Runbook · Silence 4 h' },
        ],
      },
      {
        sequence: 1,
        at_ms: nowMs - 3_600_000,
        kind: 'smtp',
        request: { ...request, url: 'smtp://relay', body: 'subject: [OK]' },
        blocks: [
          { kind: 'title', text: '[OK] Fleet busy 64.1 % at 01:10.', colour: 'green' },
          { kind: 'text', text: '57 min under the line, $15,800.' },
        ],
      },
    ],
  })
}
