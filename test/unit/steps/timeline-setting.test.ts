import { expect, it } from 'vitest';
import { timelineSetting } from '../../../src/steps/timeline-setting.ts';
import { healthyContents } from '../../support/facts.ts';

const setting = (timeline: number, ...names: string[]) => {
  const objects = names.map((name) => ({ name, key: name, sizeBytes: 1, etag: '"e"' }));
  const wal = { ...healthyContents.wal!, timeline, objects };
  return timelineSetting({ contents: { ...healthyContents, wal } });
};

it('is a number wherever the server accepts one', () => {
  expect(setting(1)).toBe(1);
  expect(setting(3, '00000003.history', '000000030000000000000007')).toBe(3);
});

it('is the backup’s own where the history that a number needs is not there', () => {
  expect(setting(3, '00000002.history', '000000030000000000000007')).toBe('current');
  expect(timelineSetting({ contents: { ...healthyContents, wal: null } })).toBe('current');
});
