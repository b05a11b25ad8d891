import { expect, test } from 'vitest';
import {
  askServer,
  parseAnswer,
  parseControlData,
  type ServerHost,
} from '../../../src/service/ask-server.ts';
import { connectionArguments, parsePostmasterFile } from '../../../src/service/postmaster-file.ts';

const file = '4711\n/data\n1763935200\n5433\n/run/pg\nlocalhost\n  5433001 32768\nready   \n';
const ok = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' });
const fails = (exitCode: number, stderr: string) => ({ exitCode, stdout: '', stderr });
const never = new AbortController().signal;

function host(over: Partial<ServerHost>): ServerHost {
  return {
    description: 'service db',
    dataDirectory: '/data',
    run: async () => ok('f|7711119019082474104|x00000002|17.2 (Debian 17.2-1)\n'),
    readPostmasterFile: async () => file,
    ended: async () => null,
    logTail: async () => [],
    ...over,
  };
}

test('reads the postmaster file, and takes one that is still being written for none', () => {
  expect(parsePostmasterFile(file)).toEqual({
    pid: 4711,
    port: 5433,
    socketDirectory: '/run/pg',
    listenAddress: 'localhost',
    status: 'ready',
  });
  expect(parsePostmasterFile('4711\n/data\n')).toBeNull();
  expect(parsePostmasterFile('')).toBeNull();
  expect(parsePostmasterFile(file.replace('4711', '-4711'))).toBeNull();
});

test.each([
  ['/run/pg', '*', ['-h', '/run/pg', '-p', '5433']],
  ['', '*', ['-h', '127.0.0.1', '-p', '5433']],
  ['', '::', ['-h', '::1', '-p', '5433']],
  ['', '10.0.0.7', ['-h', '10.0.0.7', '-p', '5433']],
  ['', '', null],
])('with the socket directory "%s" and the address "%s"', (socket, address, expected) => {
  const parsed = parsePostmasterFile(`1\n/d\n1\n5433\n${socket}\n${address}\n`);
  expect(parsed && connectionArguments(parsed)).toEqual(expected);
});

test('understands the answer: the 64-bit identifier as text, the timeline from hexadecimal', () => {
  expect(parseAnswer('f|7711119019082474104|x0000001A|17.2 (Debian 17.2-1.pgdg120+1)\n')).toEqual({
    systemIdentifier: '7711119019082474104',
    timeline: 26,
    inRecovery: false,
    serverVersion: '17.2',
    authenticated: true,
  });
  expect(parseAnswer('t|1|10|15.3')).toMatchObject({ timeline: 10, inRecovery: true });
  expect(() => parseAnswer('f|1')).toThrow(/does not understand/);
});

test('reads what pg_controldata prints', () => {
  const output = `Database system identifier:           7711119019082474104
Database cluster state:               in production
Latest checkpoint's TimeLineID:       2
Latest checkpoint's PrevTimeLineID:   1
`;
  const facts = { systemIdentifier: '7711119019082474104', timeline: 2, inRecovery: false };
  expect(parseControlData(output)).toEqual(facts);
  expect(parseControlData(output.replace('in production', 'in archive recovery'))).toMatchObject({
    inRecovery: true,
  });
  expect(parseControlData('pg_controldata: error')).toBeNull();
});

test('asks again while the server starts, whatever language it says so in', async () => {
  let tries = 0;
  const starting = host({
    async run(program) {
      if (program === 'pg_isready') return fails(tries < 3 ? 1 : 0, '');
      tries += 1;
      return tries < 3 ? fails(2, 'FATAL:  das Datenbanksystem startet') : ok('f|1|x00000001|15.1\n');
    },
  });
  expect(await askServer(starting, { superusers: ['postgres'], deadlineMs: 5000 }, never)).toMatchObject({
    timeline: 1,
    authenticated: true,
  });
});

test('a server that ended is reported at once with the FATAL line of its log', async () => {
  const dead = host({
    ended: async () => 'it ended with exit code 1',
    logTail: async () => ['LOG:  a', 'FATAL:  b', 'LOG:  c'],
  });
  await expect(
    askServer(dead, { superusers: ['postgres'], deadlineMs: 60_000 }, never),
  ).rejects.toMatchObject({
    code: 'STEP_FAILED',
    message: 'service db does not run: it ended with exit code 1; its log: b.',
  });
});

test('the deadline ends the waiting with the last reason', async () => {
  const silent = host({ readPostmasterFile: async () => null });
  await expect(askServer(silent, { superusers: ['postgres'], deadlineMs: 1 }, never)).rejects.toThrow(
    /did not answer within 0 s \(it has not written its postmaster.pid\)/,
  );
});

test('an interruption ends the waiting with its own reason', async () => {
  const controller = new AbortController();
  const asking = askServer(
    host({ readPostmasterFile: async () => null }),
    { superusers: ['postgres'], deadlineMs: 60_000 },
    controller.signal,
  );
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
});
