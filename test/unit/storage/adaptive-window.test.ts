import { describe, expect, it } from 'vitest';
import { AdaptiveWindow } from '../../../src/storage/adaptive-window.ts';

const arrive = (window: AdaptiveWindow, ranges: number, options = { starved: true }) => {
  for (let i = 0; i < ranges; i++) {
    if (options.starved) window.starved();
    window.arrived(window.generation);
  }
};

describe('the number of ranges in flight', () => {
  it('grows with every range that a waiting consumer gets, up to the most', () => {
    const window = new AdaptiveWindow({ max: 5 });
    expect(window.limit).toBe(2);
    arrive(window, 2);
    expect(window.limit).toBe(4);
    arrive(window, 9);
    expect(window.limit).toBe(5);
  });

  it('stays as it is while the consumer never waits', () => {
    const window = new AdaptiveWindow({ max: 8 });
    arrive(window, 20, { starved: false });
    expect(window.limit).toBe(2);
  });

  it('is one at least, whatever fits', () => {
    expect(new AdaptiveWindow({ max: 0.3 }).limit).toBe(1);
  });

  it('halves when the store throttles, down to one', () => {
    const window = new AdaptiveWindow({ max: 8 });
    arrive(window, 6);
    const limits = [8, 4, 2, 1, 1].map(() => {
      const { limit } = window;
      window.throttled(window.generation);
      return limit;
    });
    expect(limits).toEqual([8, 4, 2, 1, 1]);
  });

  it('halves once for all requests that were on their way together', () => {
    const window = new AdaptiveWindow({ max: 8 });
    arrive(window, 6);
    const { generation } = window;
    for (let i = 0; i < 8; i++) window.throttled(generation);
    expect(window.limit).toBe(4);
  });

  it('takes no courage from ranges that began before the store throttled', () => {
    const window = new AdaptiveWindow({ max: 8 });
    const { generation } = window;
    window.throttled(generation);
    window.starved();
    window.arrived(generation);
    expect(window.limit).toBe(1);
  });

  it('grows by one in a round after throttling', () => {
    const window = new AdaptiveWindow({ max: 8 });
    arrive(window, 6);
    window.throttled(window.generation);
    arrive(window, 3);
    expect(window.limit).toBe(4);
    arrive(window, 1);
    expect(window.limit).toBe(5);
    arrive(window, 5 + 6 + 7 + 20);
    expect(window.limit).toBe(8);
  });
});
