import { refuseSyntax } from './refusal.ts'

/**
 * Fields of a multipart/form-data body as @clickhouse/client 1.23 writes them when parameters do not fit
 * into the URL: plain text parts with a name and no other header.
 */
export function multipartFields(body: Buffer, contentType: string): Map<string, string> {
  const boundary = /boundary=([A-Za-z0-9_-]{1,100})$/.exec(contentType)?.[1]
  if (boundary === undefined) throw refuseSyntax('the multipart boundary is missing')
  const text = body.toString('utf8')
  const parts = text.split(`--${boundary}`)
  if (parts.length < 3 || parts.at(-1)?.trim() !== '--') {
    throw refuseSyntax('the multipart body is not complete')
  }
  const fields = new Map<string, string>()
  for (const part of parts.slice(1, -1)) {
    const head = /^\r\nContent-Disposition: form-data; name="([A-Za-z0-9_.-]+)"\r\n\r\n/.exec(part)
    if (head?.[1] === undefined || !part.endsWith('\r\n')) {
      throw refuseSyntax('a part of the multipart body is not a named text')
    }
    fields.set(head[1], part.slice(head[0].length, -2))
  }
  return fields
}
