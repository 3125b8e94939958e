import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/**
 * Builds the dashboard when its sources are newer than the build, in a process of its own. Resolves with
 * false when that failed: the API is then served without a screen, and the output says why.
 */
export function buildDashboard(): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts', 'build-dashboard.ts')], {
      cwd: root,
      // Its line is shown whole at the end: other lines are written meanwhile.
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
    child.on('error', () => resolve(false))
    child.on('exit', (code) => {
      if (said !== '') console.error(said.trimEnd())
      resolve(code === 0)
    })
  })
}

/** Opens the address in the user's browser, if there is a way to. */
export function openBrowser(url: string): void {
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  // No browser is no failure: the address is printed.
  child.on('error', () => undefined)
  child.unref()
}
