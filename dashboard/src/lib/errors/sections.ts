import { ERRORS } from '#schemas/errors.ts'

/** Every code with its one line and, where docs/errors.md says more, its paragraphs. */
export interface ErrorSection {
  readonly code: string
  readonly status: number
  readonly summary: string
  readonly paragraphs: readonly string[]
}

/** `docs` is the text of docs/errors.md: a heading per code, paragraphs below. */
export function errorSections(docs: string): ErrorSection[] {
  const bodies = new Map<string, string>()
  for (const part of docs.split(/^#{2,3} /m).slice(1)) {
    const [heading = '', ...lines] = part.split('\n')
    const code = /\bE_[A-Z_]+\b/.exec(heading)?.[0]
    if (code !== undefined) bodies.set(code, lines.join('\n'))
  }
  return Object.entries(ERRORS).map(([code, { status, summary }]) => ({
    code,
    status,
    summary,
    paragraphs: (bodies.get(code) ?? '')
      .split(/\n\s*\n/)
      .map((text) => text.trim())
      .filter((text) => text !== ''),
  }))
}
