/** A mail as it came over the wire, taken apart (RFC 2045 and 2047, as far as our mails use them). */
export interface MailPart {
  readonly type: string
  /** Empty = not attached. */
  readonly fileName: string
  readonly bytes: Buffer
}

export interface ReadMail {
  readonly header: (name: string) => string
  readonly parts: readonly MailPart[]
}

export function readMail(raw: string): ReadMail {
  const { header, body } = headAndBody(raw)
  return { header, parts: partsOf(header, body) }
}

function headAndBody(raw: string) {
  const text = raw.replaceAll('\r\n', '\n')
  const end = text.indexOf('\n\n')
  const lines = text
    .slice(0, end)
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n')
  const header = (name: string) => {
    const start = `${name.toLowerCase()}:`
    const line = lines.find((one) => one.toLowerCase().startsWith(start)) ?? ''
    return decodedWords(line.slice(start.length).trim())
  }
  return { header, body: text.slice(end + 2) }
}

/** `=?UTF-8?Q?…?=` and `?B?`, also several in a row. */
function decodedWords(text: string): string {
  const joined = text.replaceAll(/\?=\s+=\?/g, '?==?')
  return joined.replaceAll(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, coded: string) =>
    kind.toUpperCase() === 'B'
      ? Buffer.from(coded, 'base64').toString('utf8')
      : quoted(coded.replaceAll('_', ' ')).toString('utf8'),
  )
}

function quoted(text: string): Buffer {
  const plain = text.replaceAll(/=\n/g, '')
  const bytes = plain.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

function partsOf(header: ReadMail['header'], body: string): MailPart[] {
  const type = header('content-type')
  const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1]
  if (boundary !== undefined)
    return body
      .split(`--${boundary}`)
      .slice(1, -1)
      .flatMap((one) => {
        const inner = headAndBody(one.replace(/^\n/, ''))
        return partsOf(inner.header, inner.body)
      })
  const coding = header('content-transfer-encoding').toLowerCase()
  const bytes =
    coding === 'base64'
      ? Buffer.from(body, 'base64')
      : coding === 'quoted-printable'
        ? quoted(body)
        : Buffer.from(body)
  const fileName = /filename="?([^";]+)"?/.exec(header('content-disposition'))?.[1] ?? ''
  return [{ type: type.split(';')[0] ?? '', fileName, bytes }]
}
