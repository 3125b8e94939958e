import { createHmac } from 'node:crypto'
import { isIP } from 'node:net'

/** Host names shorter than this, or that are words of every output, tell nothing and stay. */
const NAME_CHARS = 2
const WORDS = new Set(['localhost', 'gpu', 'npu', 'node', 'host', 'default', 'unknown', 'nvidia'])
/** Up to this many names are also looked for inside longer words (`gpu17_metrics`). */
const INSIDE_MAX = 256
const INSIDE_CHARS = 6

const TOKEN = /[\p{L}\p{N}_][\p{L}\p{N}_.-]*/gu
const IPV6 =
  /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}(?:\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])/gi
const MAC = /(?<![\w:])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![\w:])/gi
/** Label names whose value is a host, or a workload of a customer. */
const LABEL =
  /\b(hostname|host_?name|node|nodename|node_name|node_ip|instance|kubernetes_node|(?:exported_)?(?:pod|namespace|container)(?:_name|_uid)?|user(?:name)?)(\s*[:=]\s*")([^"\n]{1,256})"/gi
const HOME = /(\/(?:home|Users)\/)[^\s/"':]{1,64}/g
const VERSION_BEFORE = /version["'\s:=(]{0,40}$/i

/**
 * Puts words for hosts, addresses, pods and users in any text: the same name gives the same word within one
 * file, and none outside it. `salt` is random per file and never written: short names and addresses could
 * be guessed otherwise.
 */
export function createPseudonyms(
  names: readonly string[],
  salt: Uint8Array,
): (text: string) => string {
  const known = new Set(names.flatMap(variants).filter(isTelling))
  const inside = [...known]
    .filter((name) => name.length >= INSIDE_CHARS)
    .sort((a, b) => b.length - a.length)
    .slice(0, INSIDE_MAX)
  const odd = names.filter(
    (name) => isTelling(name) && !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name),
  )
  const pseudonym = (kind: string, name: string) => {
    const hash = createHmac('sha256', salt).update(name.toLowerCase()).digest('hex')
    return `${kind}-${hash.slice(0, 10)}`
  }
  const token = (word: string, before: string): string => {
    const end = /[.-]+$/.exec(word)?.[0] ?? ''
    const name = word.slice(0, word.length - end.length)
    if (isIP(name) === 4)
      return isLocal(name) || VERSION_BEFORE.test(before) ? word : pseudonym('ip', name) + end
    if (known.has(name.toLowerCase()) || isDomain(name)) return pseudonym('name', name) + end
    return word
  }
  return (text) => {
    let result = text
      .replace(LABEL, (_, name: string, is: string, value: string) => {
        return `${name}${is}${isIP(value) === 0 ? pseudonym('name', value) : value}"`
      })
      .replace(HOME, '$1user')
      .replace(MAC, (mac) => pseudonym('mac', mac))
      .replace(IPV6, (ip) => (isIP(ip) === 6 && !isLocal(ip) ? pseudonym('ip', ip) : ip))
    for (const name of odd) result = result.replaceAll(name, pseudonym('name', name))
    result = result.replace(TOKEN, (word, at: number, whole: string) =>
      token(word, whole.slice(Math.max(0, at - 48), at)),
    )
    const lower = result.toLowerCase()
    for (const name of inside)
      if (lower.includes(name)) result = replaceAnyCase(result, name, pseudonym('name', name))
    return result
  }
}

/** A name as tools shorten or rewrite it: its first label, and dots as underscores. */
function variants(name: string): string[] {
  const lower = name.toLowerCase()
  if (isIP(lower) !== 0) return [lower]
  return [lower, lower.split('.')[0] ?? lower, lower.replaceAll('.', '_')]
}

const isTelling = (name: string) =>
  name.length >= NAME_CHARS && !WORDS.has(name.toLowerCase()) && !/^[\d.]+$/.test(name)

const isLocal = (ip: string) => /^(127\.|0\.0\.0\.0$|::1?$)/.test(ip)

/** Three labels or more, the last one of letters: `gpu-17.dc1.example`. File names have fewer. */
const isDomain = (word: string) => /^(?:[a-z0-9-]{1,63}\.){2,8}[a-z]{2,24}$/i.test(word)

function replaceAnyCase(text: string, name: string, by: string): string {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)
  return text.replaceAll(new RegExp(escaped, 'gi'), by)
}
