import type { Token } from '#lib/chart/options.ts'

/**
 * Colours of tokens as the browser resolves them in an element. With `isLight` as the light theme has them, whatever is
 * shown: tokens are resolved where they are defined, at the root, so that is light while one is read.
 */
export function colourReader(
  probe: HTMLElement,
  { isLight = false }: { readonly isLight?: boolean } = {},
): (token: Token) => string {
  const known = new Map<Token, string>()
  const read = (token: Token) => {
    probe.style.color = `var(${token})`
    const colour = getComputedStyle(probe).color
    probe.style.color = ''
    return colour
  }
  return (token) => {
    const seen = known.get(token)
    if (seen !== undefined) return seen
    const colour = isLight ? inLight(() => read(token)) : read(token)
    known.set(token, colour)
    return colour
  }
}

/** Nothing is painted in between: it is of one turn. */
function inLight<Result>(read: () => Result): Result {
  const { dataset } = document.documentElement
  const before = dataset['theme']
  dataset['theme'] = 'light'
  const result = read()
  if (before === undefined) delete dataset['theme']
  else dataset['theme'] = before
  return result
}
