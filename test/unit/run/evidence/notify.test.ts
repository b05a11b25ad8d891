import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { mostNotificationBytes, notificationJson } from '../../../../src/report/notification.ts';
import { type NotifyOptions, notify } from '../../../../src/run/evidence/notify.ts';
import { passedDrill } from '../../../support/sample-report.ts';
import { webhookReceiver } from '../../../support/webhook-receiver.ts';

const secret = 'the secret of both';
const message = { id: 'run.completed.1', body: '{"verdict":"failed"}', secret };
const quick = (options: Partial<NotifyOptions> = {}): NotifyOptions => ({
  signal: new AbortController().signal,
  pauseMs: 1,
  ...options,
});
const said = (work: Promise<void>): Promise<string> =>
  work.then(
    () => 'delivered',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

test('what is posted is signed with its time, and says which delivery it is', async () => {
  await using receiver = await webhookReceiver([204]);
  await notify({ ...message, url: receiver.url }, quick({ nowMs: () => 1_764_280_000_123 }));
  const [delivery] = receiver.deliveries;
  expect(receiver.deliveries).toHaveLength(1);
  expect(delivery).toMatchObject({ body: message.body, path: '/hook/path-that-is-a-secret' });
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'odo-delivery': 'run.completed.1',
  });
  const [, time, signature] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(`${delivery?.headers['odo-signature']}`) ?? [];
  expect(time).toBe('1764280000');
  expect(signature).toBe(createHmac('sha256', secret).update(`${time}.${delivery?.body}`).digest('hex'));
});

test('without a secret nothing claims to be signed', async () => {
  await using receiver = await webhookReceiver([200]);
  await notify({ ...message, secret: null, url: receiver.url }, quick());
  expect(receiver.deliveries[0]?.headers).not.toHaveProperty('odo-signature');
});

test('a receiver that is busy, broken or cuts the line is asked again, with the same delivery', async () => {
  await using receiver = await webhookReceiver([503, 'cut', 429, 500, 200]);
  await notify({ ...message, url: receiver.url }, quick());
  expect(receiver.deliveries).toHaveLength(5);
  const ids = receiver.deliveries.map(({ headers }) => headers['odo-delivery']);
  expect(new Set(ids)).toEqual(new Set(['run.completed.1']));
});

test('a receiver that refuses is asked once', async () => {
  await using receiver = await webhookReceiver([400, 200]);
  const why = await said(notify({ ...message, url: receiver.url }, quick()));
  expect(why).toMatch(/^http:\/\/127\.0\.0\.1:\d+ was not notified: it answers 400\.$/);
  expect(receiver.deliveries).toHaveLength(1);
});

test('a redirect is not followed, wherever it leads', async () => {
  await using other = await webhookReceiver([200]);
  await using receiver = await webhookReceiver([{ redirect: other.url }]);
  const why = await said(notify({ ...message, url: receiver.url }, quick()));
  expect(why).toContain('it answers 307 and leads elsewhere');
  expect(receiver.deliveries).toHaveLength(1);
  expect(other.deliveries).toEqual([]);
});

test('a receiver that never answers is given up, and one that hangs once is asked again', async () => {
  await using silent = await webhookReceiver(['hang']);
  const options = quick({ attemptMs: 50, totalMs: 400 });
  expect(await said(notify({ ...message, url: silent.url }, options))).toContain('does not answer in time');
  expect(silent.deliveries.length).toBeGreaterThan(1);
  await using slow = await webhookReceiver(['hang', 200]);
  await notify({ ...message, url: slow.url }, quick({ attemptMs: 200 }));
  expect(slow.deliveries).toHaveLength(2);
});

test('one that stays broken is given up after some attempts', async () => {
  await using receiver = await webhookReceiver([502]);
  expect(await said(notify({ ...message, url: receiver.url }, quick()))).toContain('it answers 502');
  expect(receiver.deliveries).toHaveLength(9);
});

test('nobody there: the reason is told, without the path of the address', async () => {
  const receiver = await webhookReceiver([200]);
  await receiver[Symbol.asyncDispose]();
  const why = await said(notify({ ...message, url: receiver.url }, quick({ totalMs: 300 })));
  expect(why).toMatch(/was not notified: (?:ECONNREFUSED|it does not answer in time)\.$/);
  expect(why).not.toContain('secret');
});

test('an odo that is stopped does not wait for a receiver', async () => {
  await using receiver = await webhookReceiver(['hang']);
  const stop = new AbortController();
  const notified = said(notify({ ...message, url: receiver.url }, quick({ signal: stop.signal })));
  await expect.poll(() => receiver.deliveries.length).toBe(1);
  stop.abort(new Error('stopped'));
  expect(await notified).toBe('stopped');
});

test('a message has an end, whatever was found', () => {
  const findings = Array.from({ length: 500 }, (_, index) => ({
    about: `assertion:${index}`,
    message: '\u0001'.repeat(100_000),
  }));
  const json = notificationJson({ ...passedDrill, verdict: 'failed', findings });
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(mostNotificationBytes);
  const { findings: told, findingsLeftOut } = JSON.parse(json) as {
    findings: unknown[];
    findingsLeftOut: number;
  };
  expect(told.length).toBeGreaterThan(5);
  expect(told.length + findingsLeftOut).toBe(500);
});

test('a message says what came of the run, and nothing of its address is lost', () => {
  expect(JSON.parse(notificationJson(passedDrill))).toMatchObject({
    type: 'odo.run-ended',
    id: '20261122-220955-k3f9.completed.2026-11-22T22:19:09.000Z',
    verdict: 'passed',
    database: 'orders',
    source: 's3://backups/orders/main',
    proofs: { passed: 11, failed: 0, skipped: 1, 'not-reached': 0 },
    measures: { rtoMs: 552_000, rpoMs: 44_000 },
  });
});
