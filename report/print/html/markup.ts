/** Text that is safe inside elements and attributes. */
export const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

/** Styles stand on the elements: mail programs drop style sheets. Cells have attributes only, for there are thousands. */
export const STYLE = {
  text: 'font-family:Segoe UI,Roboto,Helvetica,Arial,PingFang SC,Microsoft YaHei,Noto Sans CJK SC,sans-serif;font-size:14px;line-height:1.5;color:#0e1c24',
  small: 'font-size:12px;color:#4a5a64',
  h2: 'margin:24px 0 6px;font-size:17px;line-height:1.3',
  h3: 'margin:14px 0 4px;font-size:14px',
  p: 'margin:0 0 8px',
} as const

/** A table that only places things. */
export const placing = (attributes: string, rows: string): string =>
  `<table role="presentation" cellpadding="0" cellspacing="0" border="0" ${attributes}>${rows}</table>`

export interface HtmlCell {
  readonly text: string
  readonly isRight?: boolean
  readonly isStrong?: boolean
  /** Never broken into lines. */
  readonly isWhole?: boolean
  /** A column of sentences: wide enough to read them on a phone, where the table scrolls. */
  readonly isWide?: boolean
  /** Of the table, such as `40%`. */
  readonly width?: string
  /** Instead of `text`: markup. */
  readonly drawn?: string
}

const cellOf = (
  tag: 'td' | 'th',
  { text, isRight, isStrong, isWhole, isWide, width, drawn }: HtmlCell,
): string => {
  const inner = drawn ?? escaped(text)
  const told = isStrong === true && inner !== '' ? `<b>${inner}</b>` : inner
  const scope = tag === 'th' ? ' scope=col' : ''
  const align = isRight === true ? ' align=right' : tag === 'th' ? ' align=left' : ''
  // A figure never breaks; its head may, else a table of ten columns would be cut on the right.
  const whole = isWhole === true || (isRight === true && tag === 'td') ? ' nowrap' : ''
  const wide = width === undefined ? '' : ` width="${width}"`
  const least = isWide === true ? ' style="min-width:160px"' : ''
  return `<${tag}${scope}${align}${whole}${wide}${least}>${told}</${tag}>`
}

/** A table of data, every other row shaded; it scrolls by itself where a screen is narrow. */
export function dataTable(
  head: readonly HtmlCell[],
  rows: readonly (readonly HtmlCell[])[],
  size = 13,
): string {
  const heads = head.map((cell) => cellOf('th', cell)).join('')
  const lines = rows.map(
    (row, at) =>
      `<tr valign=top${at % 2 === 0 ? ' bgcolor=#f3f6f6' : ''}>${row.map((cell) => cellOf('td', cell)).join('')}</tr>`,
  )
  return `<div style="overflow-x:auto"><table cellpadding="4" cellspacing="0" border="0" width="100%" style="${STYLE.text};font-size:${size}px;line-height:1.35"><tr valign=bottom style="color:#4a5a64;font-size:12px">${heads}</tr>${lines.join('')}</table></div>`
}
