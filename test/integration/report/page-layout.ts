import type { Page } from 'playwright-core';

/** Runs in the page: texts that leave the window, that lie on each other, or are too small to be read. */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    interface Drawn {
      readonly text: string;
      readonly element: Element;
      readonly box: DOMRect;
    }
    const faults: string[] = [];
    const drawn: Drawn[] = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const node = texts.currentNode;
      const element = node.parentElement;
      const text = node.textContent?.trim() ?? '';
      if (element === null || text === '' || element.closest('title, desc, style')) continue;
      if (!element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })) continue;
      // Read aloud only.
      if (getComputedStyle(element.closest('thead') ?? element).clipPath !== 'none') continue;
      if (Number.parseFloat(getComputedStyle(element).fontSize) < 12)
        faults.push(`small: ${text.slice(0, 60)}`);
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) drawn.push({ text: text.slice(0, 60), element, box });
    }
    const clipped = (element: Element): boolean => element.closest('.scroll, .subject, .names span') !== null;
    for (const { text, element, box } of drawn)
      if (!clipped(element) && (box.left < -0.5 || box.right > innerWidth + 0.5))
        faults.push(`outside: ${text}`);
    drawn.sort((a, b) => a.box.top - b.box.top);
    for (const [index, one] of drawn.entries()) {
      for (const other of drawn.slice(index + 1)) {
        if (other.box.top > one.box.bottom) break;
        // Lines of one text and what a box cuts off may.
        if (one.element === other.element || clipped(one.element) || clipped(other.element)) continue;
        const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        if (wide > 3 && high > 3) faults.push(`overlap: ${one.text} | ${other.text}`);
      }
    }
    const sideways = document.documentElement.scrollWidth - innerWidth;
    if (sideways > 0) faults.push(`the page is ${sideways} px wider than its window`);
    return faults;
  });
}
