/** Offers Markdown as a file, as a browser is given one. */
export function offerText(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken the bytes by the end of this turn.
  setTimeout(() => URL.revokeObjectURL(url), 0)
}
