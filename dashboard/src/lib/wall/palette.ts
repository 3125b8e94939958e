import type { Scale } from './classes.ts'
import type { Palette } from './paint.ts'

/** Reads the colours of a scale where the theme has them: in the styles of an element (tones.css). */
export function readPalette(host: HTMLElement, scale: Scale): Palette {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  const pen = canvas.getContext('2d', { willReadFrequently: true })
  const probe = document.createElement('i')
  host.append(probe)
  const packed = (className: string, css: string): number => {
    probe.className = className
    probe.style.backgroundColor = css
    if (pen === null) return 0xff000000
    pen.clearRect(0, 0, 1, 1)
    pen.fillStyle = getComputedStyle(probe).backgroundColor
    pen.fillRect(0, 0, 1, 1)
    const [r = 0, g = 0, b = 0] = pen.getImageData(0, 0, 1, 1).data
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
  }
  const colours = Uint32Array.from(scale.classes, ({ tone }) =>
    packed(`tone ${tone}`, 'var(--tone)'),
  )
  const paper = packed('', 'var(--surface)')
  probe.remove()
  return { colours, paper }
}
