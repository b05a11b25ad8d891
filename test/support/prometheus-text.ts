export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const sample =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?=[a-zA-Z_]))?)*)\} (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/**
 * The text format as Prometheus' own documentation has it (exposition_formats, 0.0.4): throws at the first line that is
 * not in its grammar, at a family that is opened twice or without HELP and TYPE, and at a series that comes twice.
 */
export function parseExposition(text: string): Series[] {
  if (text !== '' && !text.endsWith('\n')) throw new Error('The last line does not end.');
  const seen = new Set<string>();
  const opened = new Set<string>();
  const series: Series[] = [];
  let family = '';
  let isTyped = false;
  for (const line of text.split('\n').slice(0, -1)) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\\n]|\\\\|\\n)*$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:gauge|counter|untyped)$/.exec(line);
    if (help !== null) {
      family = help[1] ?? '';
      if (opened.has(family)) throw new Error(`${family} is opened twice.`);
      opened.add(family);
      isTyped = false;
    } else if (type !== null) {
      if (type[1] !== family || isTyped) throw new Error(`TYPE of ${type[1]} stands elsewhere.`);
      isTyped = true;
    } else {
      const [, name = '', labels = '', value = ''] = sample.exec(line) ?? [];
      if (name === '') throw new Error(`No sample: ${line}`);
      if (name !== family || !isTyped) throw new Error(`${name} stands outside of its family.`);
      if (seen.has(`${name}${labels}`)) throw new Error(`${name}{${labels}} comes twice.`);
      seen.add(`${name}${labels}`);
      series.push({ name, labels: readLabels(labels), value: Number(value) });
    }
  }
  return series;
}

const readLabels = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [
      name ?? '',
      (value ?? '').replaceAll(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign)),
    ]),
  );
