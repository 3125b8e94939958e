/** Where to go after signing in: a path of this site, never another host (`//evil`, `https:…`). */
export function safeNext(asked: string | null): string {
  return asked !== null && /^\/(?![/\\])/.test(asked) && !asked.startsWith('/login') ? asked : '/'
}
