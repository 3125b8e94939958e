import type { Unread } from '#schemas/reading.ts'

/** Why nothing was read; one sentence each, with what to do. */
export const FAILURES = {
  empty: {
    reason: 'empty',
    detail: 'There is no line in this text; see whether the export writes its file.',
  },
  no_rows: {
    reason: 'no_rows',
    detail: 'There is a header, and no row gave a reading; see the refused lines.',
  },
} as const satisfies Readonly<Record<string, Unread>>

export const noFile = (path: string, pattern: string): Unread => ({
  reason: 'no_file',
  detail: `There is no file at ${path}, or none like ${pattern} in it; correct \`path\` or \`pattern\`, or see why the export stopped.`,
})

export const notReadable = (path: string, why: string): Unread => ({
  reason: 'not_readable',
  detail: `${path} cannot be read: ${why}`,
})

/** A table whose header does not say enough. */
export const badHeader = (why: string): Unread => ({
  reason: 'bad_header',
  detail: `The header cannot be read: ${why}. Name the columns with the option \`columns\`.`,
})
