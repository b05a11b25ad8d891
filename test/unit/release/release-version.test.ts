import { expect, test } from 'vitest';
import { releasedChangelog, releasedLock } from '../../../tools/release-version.ts';

const head = '# Changelog\n\nAll of it.\n';

test('what is unreleased becomes the version’s own', () => {
  const before = `${head}\n## Unreleased\n\n### Added\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Zero.\n`;
  expect(releasedChangelog(before, '0.2.0', '2026-11-28')).toBe(
    `${head}\n## Unreleased\n\n## 0.2.0 - 2026-11-28\n\n### Added\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Zero.\n`,
  );
});

test.for([
  [`${head}\n## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- Zero.\n`, 'has nothing below'],
  [head, 'has nothing below'],
  [`${head}\n## Unreleased\n\n- One.\n\n## 0.2.0 - 2026-01-01\n`, 'has 0.2.0 already'],
] as const)('%j is refused', ([text, message]) => {
  expect(() => releasedChangelog(text, '0.2.0', '2026-11-28')).toThrow(message);
});

test('the lock file names the version twice, and nothing else changes', () => {
  const lock = { name: 'odo', version: '0.1.0', packages: { '': { version: '0.1.0', bin: {} }, a: {} } };
  expect(JSON.parse(releasedLock(JSON.stringify(lock), '0.2.0'))).toEqual({
    ...lock,
    version: '0.2.0',
    packages: { ...lock.packages, '': { version: '0.2.0', bin: {} } },
  });
});
