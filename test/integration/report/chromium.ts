import type { Page } from 'playwright-core';

/** What a page must not do: each request but that for itself, each line on its console, each error. */
export function watch(page: Page): string[] {
  const seen: string[] = [];
  page.on('request', (request) => {
    if (!request.isNavigationRequest()) seen.push(`request ${request.url().slice(0, 100)}`);
  });
  page.on('console', (message) => seen.push(`console ${message.text()}`));
  page.on('pageerror', (error) => seen.push(`error ${error.message}`));
  return seen;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** Colours of a screenshot at the given places, decoded by the browser itself; the page is any empty one. */
export function coloursAt(
  page: Page,
  png: Buffer,
  places: readonly (readonly [x: number, y: number])[],
): Promise<Colour[]> {
  return page.evaluate(
    async ([bytes, wanted]) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${bytes}`)).blob());
      const drawing = new OffscreenCanvas(image.width, image.height).getContext('2d');
      if (drawing === null) throw new Error('no canvas');
      drawing.drawImage(image, 0, 0);
      return wanted.map(([x, y]): [number, number, number] => {
        const [red = 0, green = 0, blue = 0] = drawing.getImageData(Math.round(x), Math.round(y), 1, 1).data;
        return [red, green, blue];
      });
    },
    [png.toString('base64'), places] as const,
  );
}
