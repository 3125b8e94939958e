/** Texts that are remembered, and the longest of them: what thousands of devices of one model say alike. */
const TEXTS = 20_000
const LENGTH = 256

/** The same function of a text; its result is worked out once for all devices. Beyond the limits it is worked out again. */
export function remembered<T>(make: (text: string) => T): (text: string) => T {
  const results = new Map<string, T>()
  return (text) => {
    const known = results.get(text)
    if (known !== undefined) return known
    const result = make(text)
    if (results.size < TEXTS && text.length <= LENGTH) results.set(text, result)
    return result
  }
}

/** The same text, held once in memory however many devices say it. For what is kept, not for what passes. */
export const sameText: (text: string) => string = remembered((text) => text)
