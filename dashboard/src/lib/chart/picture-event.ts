/** Charts inside an element are asked for pictures of themselves by an event: who saves them need not know them. */

const NAME = 'plimsoll-picture'

interface Asked {
  readonly ratio: number
  take(picture: Promise<HTMLCanvasElement>): void
}

export interface Picture {
  readonly canvas: HTMLCanvasElement
  /** Where it stands on the page, px. */
  readonly box: DOMRect
}

/** Answers for one chart; returns how to stop. */
export function answerPicture(
  chart: HTMLElement,
  draw: (ratio: number) => Promise<HTMLCanvasElement>,
): () => void {
  const listen = (event: Event) => {
    if (event instanceof CustomEvent) {
      const asked: Asked = event.detail
      asked.take(draw(asked.ratio))
    }
  }
  chart.addEventListener(NAME, listen)
  return () => chart.removeEventListener(NAME, listen)
}

/** Pictures of every chart in an element at `ratio` px per px, in the light theme, in the order of the page. */
export async function picturesIn(inside: Element, ratio: number): Promise<readonly Picture[]> {
  const charts = [...inside.querySelectorAll('.chart')]
  const pictures = charts.map(async (chart) => {
    const taken: Promise<HTMLCanvasElement>[] = []
    const detail: Asked = { ratio, take: (picture) => void taken.push(picture) }
    chart.dispatchEvent(new CustomEvent(NAME, { detail }))
    const box = chart.getBoundingClientRect()
    return (await Promise.all(taken)).map((canvas) => ({ canvas, box }))
  })
  return (await Promise.all(pictures)).flat()
}
