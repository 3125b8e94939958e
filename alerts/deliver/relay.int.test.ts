import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import { aMessage } from '../channels/channels.testing.ts'
import { judgeRelay, mailOf } from '../channels/smtp.ts'
import { createSendMail, type RelayRoute } from './relay.ts'

/** Against a real SMTP server (the package smtp-server) on a free port, with its self-signed certificate. */
const open: SMTPServer[] = []
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve())
        }),
    ),
  )
})

interface Inbox {
  readonly port: number
  readonly mails: string[]
  readonly recipients: string[]
}

async function inbox(options: SMTPServerOptions = {}): Promise<Inbox> {
  const mails: string[] = []
  const recipients: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    onData(stream, session, callback) {
      let text = ''
      stream.setEncoding('utf8')
      stream.on('data', (part: string) => (text += part))
      stream.on('end', () => {
        mails.push(text)
        recipients.push(...session.envelope.rcptTo.map(({ address }) => address))
        callback(null, 'OK queued as 4AbC91')
      })
    },
    ...options,
  })
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return { port: (server.server.address() as AddressInfo).port, mails, recipients }
}

const send = createSendMail(() => Promise.resolve([{ address: '127.0.0.1', family: 4 }]))
const route = (port: number, change: Partial<RelayRoute> = {}): RelayRoute => ({
  url: `smtp://relay.test:${port}`,
  entry: { host: 'relay.test', networks: ['127.0.0.0/8'] },
  user: undefined,
  password: '',
  starttls: 'off',
  ...change,
})
const mail = mailOf(aMessage({ language: 'both' }), {
  from: 'plimsoll@site.example',
  to: ['ops@site.example', 'gone@site.example'],
})

describe('a mail', () => {
  it('arrives with its subject, lines in both languages and one Message-ID', async () => {
    const { port, mails, recipients } = await inbox()
    const answer = await send(mail, route(port))
    expect(judgeRelay(answer)).toMatchObject({ kind: 'accepted', receipt: '4AbC91' })
    expect(recipients).toEqual(['ops@site.example', 'gone@site.example'])
    const [text = ''] = mails
    expect(text).toContain(`Message-ID: ${mail.headers['message-id']}`)
    expect(text).toMatch(/Subject: \[PAGE\] Fleet busy 58\.4 %/)
    expect(text).toMatch(/Auto-Submitted: auto-generated/i)
    expect(text).toMatch(/Content-Type: text\/plain; charset=utf-8/)
  })

  it('that one recipient refuses went to the other; that all refuse is final', async () => {
    const refuse = (all: boolean): SMTPServerOptions => ({
      onRcptTo({ address }, _, callback) {
        const isRefused = all || address.startsWith('gone')
        callback(isRefused ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null)
      },
    })
    const one = await inbox(refuse(false))
    const partly = judgeRelay(await send(mail, route(one.port)))
    expect(partly).toMatchObject({ kind: 'accepted' })
    expect(partly.detail).toContain('gone@site.example')
    const none = await inbox(refuse(true))
    expect(judgeRelay(await send(mail, route(none.port)))).toMatchObject({ kind: 'final' })
  })

  it('waits when the relay says later, or says nothing', async () => {
    const { port } = await inbox({
      onMailFrom(_, __, callback) {
        callback(Object.assign(new Error('greylisted'), { responseCode: 451 }))
      },
    })
    expect(judgeRelay(await send(mail, route(port)))).toMatchObject({ kind: 'retry' })
    expect(judgeRelay(await send(mail, route(1)))).toMatchObject({ kind: 'retry' })
  })

  it('is not sent in the clear where STARTTLS is required, nor to a certificate nobody vouches for', async () => {
    const clear = await inbox({ disabledCommands: ['STARTTLS'] })
    expect(judgeRelay(await send(mail, route(clear.port, { starttls: 'required' })))).toMatchObject(
      {
        kind: 'retry',
      },
    )
    const selfSigned = await inbox()
    const verdict = judgeRelay(await send(mail, route(selfSigned.port, { starttls: 'required' })))
    expect(verdict.kind).toBe('retry')
    expect([...clear.mails, ...selfSigned.mails]).toEqual([])
  })

  it('is sent under a user and password, and says when they are wrong', async () => {
    const { port, mails } = await inbox({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _, callback) {
        if (username === 'plimsoll' && password === 'right') callback(null, { user: 1 })
        else callback(Object.assign(new Error('bad login'), { responseCode: 535 }))
      },
    })
    const login = { user: 'plimsoll', password: 'right' }
    expect(judgeRelay(await send(mail, route(port, login))).kind).toBe('accepted')
    const wrong = judgeRelay(await send(mail, route(port, { ...login, password: 'wrong-one' })))
    expect(wrong.kind).toBe('final')
    expect(wrong.detail).not.toContain('wrong-one')
    expect(mails).toHaveLength(1)
  })
})
