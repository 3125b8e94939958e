import { createConnection, createServer } from 'node:net'

/**
 * `relay-main.ts HOST PATH`: takes TCP connections inside a network namespace and hands them to a socket file outside, which
 * every namespace sees. Says the port it took as its first line, and ends with the process that started it.
 */
const [host = '', path = ''] = process.argv.slice(2)
const server = createServer((inside) => {
  const outside = createConnection(path)
  inside.setNoDelay(true)
  inside.on('error', () => outside.destroy())
  inside.on('close', () => outside.destroy())
  outside.on('error', () => undefined)
  outside.on('close', () => inside.resetAndDestroy())
  inside.pipe(outside)
  outside.pipe(inside)
})
server.listen(0, host, () => {
  const address = server.address()
  console.log(typeof address === 'object' ? address?.port : '')
})
process.stdin.on('end', () => process.exit()).resume()
