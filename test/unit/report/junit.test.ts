import { expect, test } from 'vitest';
import { reportJunit } from '../../../src/report/junit.ts';
import {
  failedDrill,
  hostileReport,
  interruptedDrill,
  passedDrill,
  proof,
  refusedDrill,
  sampleReports,
} from '../../support/sample-report.ts';

const attribute = (element: string, name: string): string | undefined =>
  new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1];

const elements = (xml: string, name: string): string[] =>
  xml.match(new RegExp(`<${name}[ >/][^>]*>?(?:(?<=/>)|[^]*?</${name}>)`, 'g')) ?? [];

const suiteOf = (xml: string): string => /<testsuite [^>]*>/.exec(xml)?.[0] ?? '';

test('each proof is a test case with its time, and the run is one more', () => {
  const xml = reportJunit(passedDrill);
  const suite = suiteOf(xml);
  expect(attribute(suite, 'tests')).toBe('13');
  expect(attribute(suite, 'failures')).toBe('0');
  expect(attribute(suite, 'errors')).toBe('0');
  expect(attribute(suite, 'skipped')).toBe('1');
  expect(attribute(suite, 'timestamp')).toBe('2026-11-22T22:09:55');
  expect(attribute(suite, 'time')).toBe('554.000');
  expect(xml).toContain(
    '<testcase name="pg_amcheck of orders [amcheck:orders]" classname="odo.drill.amcheck" time="52.900"/>',
  );
  expect(xml).toContain('<testcase name="The run [run]" classname="odo.drill.run" time="554.000"/>');
});

test('each proof that failed is a failure with its details, and says it once', () => {
  const xml = reportJunit(failedDrill);
  expect(elements(xml, 'failure')).toHaveLength(6);
  expect(attribute(suiteOf(xml), 'failures')).toBe('6');
  expect(xml).toContain('<failure message="2 of 14,680,064 pages are damaged" type="disproved">');
  expect(xml).toContain(
    '\nblock 17 of base/16384/16401 (table public.orders): checksum 4f1a, expected 90c3\n',
  );
  expect(xml).toContain('<testcase name="The run [run]" classname="odo.drill.run" time="554.000"/>');
});

test('what no proof says fails the case of the run, with code and hint', () => {
  const xml = reportJunit(refusedDrill);
  expect(attribute(suiteOf(xml), 'tests')).toBe('1');
  expect(elements(xml, 'failure')[0]).toContain(
    'BACKUP_NOT_FOUND\nodo backups -u s3://backups/orders/main says what is broken about each.',
  );
});

test('a failed run is a failure even when it names no finding', () => {
  expect(elements(reportJunit({ ...passedDrill, verdict: 'failed' }), 'failure')).toHaveLength(1);
});

test('an unfinished run is an error, so that no pipeline takes it for proved', () => {
  const xml = reportJunit(interruptedDrill);
  expect(attribute(suiteOf(xml), 'errors')).toBe('1');
  expect(attribute(suiteOf(xml), 'skipped')).toBe('10');
  expect(elements(xml, 'error')[0]).toContain('Next: odo resume 20261122-220955-k3f9');
});

test('holds no character that XML cannot hold, and nothing of a text ends its element', () => {
  const xml = reportJunit(hostileReport);
  expect(xml).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\uFFFE\uFFFF]/);
  expect(xml.isWellFormed()).toBe(true);
  expect(xml).not.toContain('<script');
  expect(xml).not.toContain(']]>');
  expect(elements(xml, 'testcase')).toHaveLength(13);
});

test('a line break in a message survives in its attribute', () => {
  const report = { ...passedDrill, proofs: [proof('wal', 'WAL', 'one\n\ttwo "three"', 1, 'failed')] };
  expect(reportJunit(report)).toContain('message="one&#10;&#9;two &quot;three&quot;"');
});

test.each(Object.entries(sampleReports))('has all that the schema of Ant asks for: %s', (_, report) => {
  const xml = reportJunit(report);
  const order = ['<properties>', '<testcase ', '<system-out>', '<system-err>'].map((part) =>
    xml.indexOf(part),
  );
  expect(order).not.toContain(-1);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  for (const name of [
    'name',
    'package',
    'id',
    'timestamp',
    'hostname',
    'tests',
    'failures',
    'errors',
    'time',
  ])
    expect(attribute(suiteOf(xml), name)).toBeTruthy();
  for (const result of [...elements(xml, 'failure'), ...elements(xml, 'error')])
    expect(attribute(result, 'type')).toBeTruthy();
});
