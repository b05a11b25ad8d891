/** Environment for a program of Node whose wall clock is so far ahead; negative: behind. Timers go on as they do. */
export function movedClock(aheadMs: number): Readonly<Record<string, string>> {
  const code = `
    const now = Date.now.bind(Date);
    globalThis.Date = class Date extends globalThis.Date {
      constructor(...given) { given.length === 0 ? super(now() + ${aheadMs}) : super(...given); }
      static now() { return now() + ${aheadMs}; }
    };`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
