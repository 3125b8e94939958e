/** One file of an archive. */
export interface TarFile {
  readonly name: string
  readonly content: Uint8Array
}

const BLOCK = 512

/**
 * A POSIX tar archive (ustar) of small files: header block, content, padding; two empty blocks end it.
 * Names are ours: short and ASCII. `atMs` becomes the time of every file.
 */
export function tarArchive(files: readonly TarFile[], atMs: number): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { name, content } of files) {
    parts.push(header(name, content.length, atMs), content)
    const rest = content.length % BLOCK
    if (rest > 0) parts.push(new Uint8Array(BLOCK - rest))
  }
  parts.push(new Uint8Array(BLOCK * 2))
  return Buffer.concat(parts)
}

function header(name: string, size: number, atMs: number): Uint8Array {
  if (!/^[\w./-]{1,100}$/.test(name)) throw new Error(`no name for a file in an archive: ${name}`)
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, '0'), at, 'ascii')
  block.write(name, 0, 'ascii')
  octal(0o600, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(Math.floor(atMs / 1000), 136, 12)
  block.fill(' ', 148, 156)
  block.write('0', 156, 'ascii')
  block.write('ustar\u000000', 257, 'ascii')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'ascii')
  return block
}
