/** What differs from run to run on a screen, replaced by what has the same meaning in every run. */
const varying: readonly (readonly [RegExp, string])[] = [
  [/\d{8}-\d{6}-[a-z0-9]{4}/g, 'RUN-ID'],
  [/\d{8}T\d{6}\b/g, 'BACKUP'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME'],
  [/\/tmp\/[\w.-]+/g, 'DIR'],
  // Told or not, by how long the test takes.
  [/ {5}warning: Reading \S+ again after a failure: [^]*?\.\n/g, ''],
  // Of several lines where the window is narrow.
  [/plan SHA-256 [^)]*\)/g, 'plan SHA-256, expected duration'],
  [/\bprocess \d+( on \S+)?/g, 'process PID'],
  [/kill -TERM \d+/g, 'kill -TERM PID'],
  // Under a second there is no rate.
  [/ +\d+(?:\.\d+)? [KMG]iB\/s/g, ''],
  // Of one unit, or of two while the first is small.
  [/\d+(?:\.\d+)?(?: [KMG]iB)? of \d+(?:\.\d+)? [KMG]iB/g, 'N of N MiB'],
  [/\d+(?:\.\d+)? [KMG]iB/g, 'N MiB'],
  [/\d+ segments/g, 'N segments'],
  [/\b\d+%/g, 'N%'],
  [/(?:\d+ h )?(?:\d+ m )?\d+(?:\.\d)? s\b/g, 'N s'],
  // Columns as wide as the numbers in them.
  [/(?<=\S) {2,}/g, '  '],
];

export const stableScreen = (screen: string): string =>
  `${varying.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), screen).trimEnd()}\n`;
