import { expect, test } from 'vitest';
import { reportJson } from '../../../src/report/json.ts';
import { hostileReport, passedDrill } from '../../support/sample-report.ts';

test('is the document, whatever its texts hold, with the keys in their order and a line feed at the end', () => {
  const text = reportJson(passedDrill);
  expect(JSON.parse(text)).toEqual(passedDrill);
  expect(text.startsWith('{\n  "version": 1,\n  "runId": "20261122-220955-k3f9",\n')).toBe(true);
  expect(text.endsWith('}\n')).toBe(true);
  expect(JSON.parse(reportJson(hostileReport))).toEqual(hostileReport);
});

test('is text that can be stored, also of halves of surrogate pairs', () => {
  expect(reportJson(hostileReport).isWellFormed()).toBe(true);
});
