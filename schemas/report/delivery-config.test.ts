import { expect, it } from 'vitest'
import { AlertsConfig } from '#schemas/alerts/config.ts'

const CHANNELS = [
  {
    name: 'relay',
    kind: 'smtp',
    target: 'smtp://relay.site.example:25',
    mail: { from: 'plimsoll@site.example', to: ['oncall@site.example'] },
  },
  { name: 'ops', kind: 'feishu', target_env: 'FEISHU' },
  { name: 'pager', kind: 'pagerduty', secret_env: 'PD' },
]
const mistakes = (reports: object, channels: object[] = CHANNELS) => {
  const result = AlertsConfig.safeParse({
    public_url: 'https://p.site.example',
    allowed_hosts: [{ host: 'relay.site.example' }],
    channels,
    reports,
  })
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

it('a section that is not there sends nothing; what is left out has defaults', () => {
  expect(AlertsConfig.parse({}).reports).toMatchObject({
    schedule: { day: 'mon', at: '08:07' },
    wait_hours: 6,
    monthly: false,
    send_revisions: false,
    recipients: [],
  })
  expect(mistakes({ recipients: [{ mail: 'a@site.example' }, { channel: 'ops' }] })).toEqual([])
})

it('says which recipient cannot be reached, and why', () => {
  expect(
    mistakes({
      owner: ['nobody'],
      mail_channel: 'ops',
      recipients: [
        {},
        { channel: 'ops', attach: ['pdf'] },
        { channel: 'pager' },
        { channel: 'gone' },
        { channel: 'ops' },
      ],
    }),
  ).toEqual([
    'reports.owner.0: there is no channel "nobody"',
    'reports.mail_channel: there is no channel "ops" of kind smtp',
    'reports.recipients.0: say one of mail and channel',
    'reports.recipients.1.attach: only mails have attachments',
    'reports.recipients.2.channel: "pager" is pagerduty: reports go to slack, feishu, dingtalk, wecom, webhook, and to people by mail',
    'reports.recipients.3.channel: there is no channel "gone"',
    'reports.recipients.4: chat:ops is there twice',
  ])
  expect(mistakes({ recipients: [{ mail: 'a@site.example' }] }, CHANNELS.slice(1))).toEqual([
    'reports.recipients.0.mail: a mail needs a channel of kind smtp: its relay sends it',
  ])
  expect(mistakes({ schedule: { at: '8:07' } })).toEqual([
    'reports.schedule.at: must be a time of day such as "09:00"',
  ])
})
