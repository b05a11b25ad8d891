import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/errors/codes.ts';
import { type CheckName, checks, refusals } from '../../../src/steps/checks.ts';
import type { PreflightFacts } from '../../../src/steps/facts.ts';
import type { KeptPlace } from '../../../src/steps/kept-places.ts';
import { type RestoreRequest, recoveryDefaults } from '../../../src/steps/restore-request.ts';
import { spaceNeeds } from '../../../src/steps/space.ts';
import { healthyContents, healthyFacts, plainRequest } from '../../support/facts.ts';

const with_ = (change: (facts: PreflightFacts) => Partial<PreflightFacts>): PreflightFacts => ({
  ...healthyFacts,
  ...change(healthyFacts),
});
const problem = (code: ErrorCode, message: string) => ({ code, message, causes: [] });
const withProblem = (code: ErrorCode, message: string) =>
  with_((facts) => ({ contents: { ...facts.contents, problems: [problem(code, message)] } }));
const withTarget = (target: Partial<PreflightFacts['target']>) =>
  with_((facts) => ({ target: { ...facts.target, ...target } }));

const withKept = (place: KeptPlace) => with_(() => ({ keptPlaces: [place] }));

/** A tablespace with a directory of its own on another file system. */
const withPlace = (change: Partial<PreflightFacts['target']>, serverPath = '/srv/cold') =>
  with_((facts) => ({
    tablespaces: [
      {
        tablespace: { oid: '16400', name: 'cold', location: '/old/cold' },
        serverPath,
        path: '.odo-tablespaces/16400',
        place: {
          target: { kind: 'data-directory', path: serverPath },
          mount: null,
          facts: {
            ...facts.target,
            description: serverPath,
            location: serverPath,
            fileSystem: '2050',
            ...change,
          },
          closedParent: null,
        },
        suggestion: null,
      },
    ],
  }));

/** Of 1000 bytes unpacked, its share in what is stored: 250. */
function withTablespaceArchive(facts: PreflightFacts): PreflightFacts {
  const [data] = facts.contents.archives;
  if (data === undefined) throw new Error('There is no archive.');
  const archives = [
    { ...data, sizeBytes: 75 },
    { ...data, name: '16400.tar.gz', sizeBytes: 25, content: { tablespace: '16400' } },
  ];
  return { ...facts, contents: { ...facts.contents, archives } };
}

const oldLink = {
  id: 'full',
  folder: 'pg/full/',
  beginLsn: '0/2000028',
  endLsn: '0/2000120',
  archives: [],
  manifestKey: 'pg/full/backup_manifest',
};

const cases: readonly {
  check: CheckName;
  code: ErrorCode;
  says: RegExp;
  facts: PreflightFacts;
  request?: Partial<RestoreRequest>;
}[] = [
  {
    check: 'backupIncomplete',
    code: 'BACKUP_INCOMPLETE',
    says: /part 2/,
    facts: withProblem('BACKUP_INCOMPLETE', 'part 2 is missing'),
  },
  {
    check: 'formatUnknown',
    code: 'FORMAT_UNKNOWN',
    says: /zstd/,
    facts: withProblem('FORMAT_UNKNOWN', 'zstd'),
  },
  {
    check: 'walIncomplete',
    code: 'WAL_MISSING',
    says: /0003/,
    facts: withProblem('WAL_MISSING', '0003 is missing'),
  },
  {
    check: 'targetUnreachable',
    code: 'TARGET_UNREACHABLE',
    says: /no way to timeline 7/,
    facts: withProblem('TARGET_UNREACHABLE', 'there is no way to timeline 7'),
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /root/,
    facts: withTarget({ refusal: '/ is the root directory.' }),
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /is incremental: files are changed in places/,
    facts: with_((facts) => ({
      contents: { ...facts.contents, links: [oldLink] },
      target: { ...facts.target, access: 'engine' },
    })),
  },
  {
    check: 'targetHeld',
    code: 'TARGET_IN_USE',
    says: /20261101-000000-aaaa/,
    facts: withTarget({ heldByRun: '20261101-000000-aaaa' }),
  },
  {
    check: 'targetNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /not a PostgreSQL data directory/,
    facts: withTarget({ holds: 'other-files' }),
  },
  {
    check: 'targetNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /never touches an existing one/,
    facts: withTarget({ exists: true }),
    request: { target: { kind: 'new-volume', name: 'pgdata2', present: null } },
  },
  {
    check: 'targetNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /its system identifier is 42, the backup’s 7711119019082474104\./,
    facts: withTarget({ holds: 'data-directory', systemIdentifier: '42' }),
  },
  {
    check: 'targetNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /--replace-system-id names another still, 43/,
    facts: withTarget({ holds: 'data-directory', systemIdentifier: '42' }),
    request: { replaceSystemId: '43' },
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /^The journal, \/srv\/pg\/odo\/j, lies inside the target directory \/srv\/pg, which a restore empties/,
    facts: withKept({ what: 'The journal', path: '/srv/pg/odo/j', holdsNothing: false }),
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /^The directory in which odo runs is the target directory \/srv\/pg, which a restore empties/,
    facts: withKept({ what: 'The directory in which odo runs', path: '/srv/pg', holdsNothing: false }),
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /^The directory of the backups, \/srv, holds the target directory \/srv\/pg\.$/,
    facts: withKept({ what: 'The directory of the backups', path: '/srv', holdsNothing: true }),
  },
  {
    check: 'targetRefused',
    code: 'PRECONDITION_FAILED',
    says: /home directory/,
    facts: withPlace({ refusal: '/home/me is a home directory.' }),
  },
  {
    check: 'targetHeld',
    code: 'TARGET_IN_USE',
    says: /^\/srv\/cold holds the unfinished restore/,
    facts: withPlace({ heldByRun: '20261101-000000-aaaa' }),
  },
  {
    check: 'tablespaceNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /^\/srv\/cold, where the tablespace cold is to go, holds files already/,
    facts: withPlace({ holds: 'other-files' }),
  },
  {
    check: 'tablespaceNotFree',
    code: 'TARGET_NOT_EMPTY',
    says: /holds a tablespace of another database/,
    facts: withPlace({ holds: 'tablespace', serverMajor: 17 }),
  },
  {
    check: 'tablespacesOverlap',
    code: 'PRECONDITION_FAILED',
    says: /^The data directory and the tablespace cold would lie one in the other, at \/link\/to\/pg\/cold/,
    facts: withPlace({ location: '/srv/pg/cold' }, '/link/to/pg/cold'),
  },
  {
    check: 'spaceTooSmall',
    code: 'NOT_ENOUGH_SPACE',
    says: /^\/srv\/cold \(tablespace cold\) has room for 50 B/,
    facts: withTablespaceArchive(withPlace({ freeBytes: 50 })),
  },
  {
    check: 'somethingRunsOnTarget',
    code: 'TARGET_IN_USE',
    says: /PostgreSQL, pid 4711/,
    facts: withTarget({ liveUsers: [{ description: 'PostgreSQL, pid 4711', containerId: null }] }),
  },
  {
    check: 'serverMissing',
    code: 'PRECONDITION_FAILED',
    says: /No PostgreSQL 17/,
    facts: with_((facts) => ({
      launcher: { ...facts.launcher, spec: null, missing: 'No PostgreSQL 17 was found' },
    })),
  },
  {
    check: 'serverMajorDiffers',
    code: 'SERVER_MAJOR_MISMATCH',
    says: /is of PostgreSQL 17, but the server is PostgreSQL 15/,
    facts: with_((facts) => ({
      launcher: { ...facts.launcher, serverMajor: 15, description: 'PostgreSQL 15 in /opt' },
    })),
  },
  {
    check: 'parentClosed',
    code: 'PRECONDITION_FAILED',
    says: /may not enter \/root/,
    facts: with_(() => ({ closedParent: '/root' })),
  },
  {
    check: 'spaceTooSmall',
    code: 'NOT_ENOUGH_SPACE',
    says: /room for 500 B/,
    facts: withTarget({ freeBytes: 500 }),
  },
];

describe('the preliminary checks', () => {
  test('let a healthy restore pass', () => {
    expect(refusals({ facts: healthyFacts, request: plainRequest })).toEqual([]);
  });

  test.for(cases)('$check refuses with $code', ({ check, code, says, facts, request }) => {
    const input = { facts, request: { ...plainRequest, ...request } };
    const refusal = checks[check](input);
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).toMatch(says);
    expect(refusals(input).map((one) => one.code)).toEqual([code]);
  });

  test('every check has a case above', () => {
    expect(new Set(cases.map((one) => one.check))).toEqual(new Set(Object.keys(checks)));
  });

  test('count what cleaning the target gives back, and keep the reserve free', () => {
    const facts = withTarget({ holds: 'data-directory', freeBytes: 100, usedBytes: 1000 });
    expect(checks.spaceTooSmall({ facts, request: plainRequest })).toBeNull();
    expect(checks.spaceTooSmall({ facts, request: { ...plainRequest, reserveBytes: 200 } })?.code).toBe(
      'NOT_ENOUGH_SPACE',
    );
  });

  test('count the space on each file system on its own, and what shares one together', () => {
    const needs = (facts: PreflightFacts) =>
      spaceNeeds(withTablespaceArchive(facts), plainRequest).map(({ description, neededBytes }) => [
        description,
        neededBytes,
      ]);
    expect(needs(withPlace({}))).toEqual([
      ['directory /srv/pg', 750],
      ['/srv/cold (tablespace cold)', 250],
    ]);
    const shared = [['directory /srv/pg', 1000]];
    expect(needs(withPlace({ fileSystem: '2049' }))).toEqual(shared);
    expect(needs(withPlace({ fileSystem: null }))).toEqual(shared);
    // Without an archive of its own it cannot be told apart: all of it is asked for where the data directory is.
    expect(spaceNeeds(withPlace({}), plainRequest).map(({ neededBytes }) => neededBytes)).toEqual([1000]);
    const known = withPlace({});
    const contents = { ...known.contents, tablespaceBytes: { 16400: 400 } };
    expect(needs({ ...known, contents })).toEqual([
      ['directory /srv/pg', 600],
      ['/srv/cold (tablespace cold)', 400],
    ]);
  });

  test('count no more WAL than the spool takes and recovery keeps', () => {
    const segmentBytes = 16 * 1024 ** 2;
    const needed = (segments: number, spoolBytes: number) => {
      const wal = healthyContents.wal && {
        ...healthyContents.wal,
        objects: Array.from({ length: segments }, () => ({ name: 'n', key: 'k', sizeBytes: 1, etag: 'e' })),
      };
      const facts = { ...healthyFacts, contents: { ...healthyContents, dataBytes: 0, wal } };
      const recovery = { ...recoveryDefaults, spoolBytes };
      return spaceNeeds(facts, { ...plainRequest, recovery })[0].neededBytes / segmentBytes;
    };
    expect(needed(2, 1024 ** 3)).toBe(4);
    expect(needed(2000, 1024 ** 3)).toBe(64 + 64);
    expect(needed(2000, 64 * 1024 ** 2)).toBe(4 + 64);
  });

  test('let the tablespace of the very database be replaced that is replaced itself', () => {
    const held = { holds: 'tablespace', serverMajor: 17, usedBytes: 100 } as const;
    const replaced = {
      holds: 'data-directory',
      serverMajor: 17,
      tablespaceLocations: ['/srv/cold'],
    } as const;
    const facts = (data: Partial<PreflightFacts['target']>): PreflightFacts => {
      const one = withPlace(held);
      return { ...one, target: { ...one.target, ...replaced, ...data } };
    };
    const codes = (input: PreflightFacts, request: Partial<RestoreRequest> = {}) =>
      checks.tablespaceNotFree({ facts: input, request: { ...plainRequest, ...request } })?.code ?? null;
    expect(codes(facts({}))).toBeNull();
    expect(codes(facts({ tablespaceLocations: ['/srv/other'] }))).toBe('TARGET_NOT_EMPTY');
    expect(codes(facts({ serverMajor: 16 }))).toBe('TARGET_NOT_EMPTY');
    expect(codes(facts({}), { target: { kind: 'new-volume', name: 'n', present: null } })).toBe(
      'TARGET_NOT_EMPTY',
    );
  });

  test('let the service that is going to be stopped run on the target, and nothing else', () => {
    const users = [{ description: 'container db', containerId: 'abc' }];
    const facts = with_((now) => ({
      target: { ...now.target, liveUsers: users },
      service: { ...now.service, kind: 'compose', containerIds: ['abc'] },
    }));
    expect(checks.somethingRunsOnTarget({ facts, request: plainRequest })).toBeNull();
    const other = { ...facts, service: { ...facts.service, containerIds: ['def'] } };
    expect(checks.somethingRunsOnTarget({ facts: other, request: plainRequest })?.message).toMatch(
      /container db/,
    );
  });

  test('let a journal lie beside the target, and the target in the directory where odo runs', () => {
    for (const path of ['/srv/pg2/journal', '/srv', '/']) {
      const facts = withKept({ what: 'X', path, holdsNothing: false });
      expect(checks.targetRefused({ facts, request: plainRequest })).toBeNull();
    }
  });

  test('say nothing about the space of a target that is refused, which was not looked at', () => {
    const facts = withTarget({ refusal: '/home/me is a home directory.', freeBytes: 0 });
    expect(refusals({ facts, request: plainRequest }).map((one) => one.code)).toEqual([
      'PRECONDITION_FAILED',
    ]);
  });

  test('report every refusal at once', () => {
    const facts: PreflightFacts = {
      ...withProblem('WAL_MISSING', 'gone'),
      target: { ...healthyFacts.target, freeBytes: 1, holds: 'other-files' },
    };
    expect(refusals({ facts, request: plainRequest }).map((one) => one.code)).toEqual([
      'WAL_MISSING',
      'TARGET_NOT_EMPTY',
      'NOT_ENOUGH_SPACE',
    ]);
  });
});
