import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { errorCode } from '../../../src/errors/odo-error.ts';
import { changeVolume, parseComposeFile } from '../../../src/service/compose-file.ts';
import type { VolumeChange } from '../../../src/service/volume-change.ts';

const change: VolumeChange = {
  service: 'db',
  project: 'app',
  destination: '/var/lib/postgresql/data',
  fromAlias: 'pgdata',
  toAlias: 'pgdata2',
  toVolume: 'app_pgdata2',
};
const edit = (text: string, over: Partial<VolumeChange> = {}) =>
  changeVolume(text, 'compose.yaml', { ...change, ...over });

/** Lines that differ, as `-old` and `+new`. */
function difference(before: string, after: string | null): string[] {
  const [old, now] = [before.split('\n'), (after ?? '').split('\n')];
  const removed = old.filter((line) => !now.includes(line)).map((line) => `-${line}`);
  const added = now.filter((line) => !old.includes(line)).map((line) => `+${line}`);
  return [...removed, ...added];
}

function refusal(action: () => unknown): { code: string | undefined; message: string } {
  try {
    action();
  } catch (error) {
    return { code: errorCode(error), message: (error as Error).message };
  }
  throw new Error('nothing was thrown');
}

const typical = `# our database; ask Ana before touching
name: app
x-log: &log   {driver: json-file,   options: {max-size: "10m"}}

services:
  web:
    image: "nginx"
    volumes: ['static:/usr/share/nginx/html', pgdata:/backup:ro]

  db:
    image: postgres:17   # pinned
    logging: *log
    environment:
      POSTGRES_PASSWORD: "s3cr#t"
    volumes:
      # the data
      - pgdata:/var/lib/postgresql/data   # do not lose
      - ./init:/docker-entrypoint-initdb.d:ro
volumes:
  static: {}
  # old one
  pgdata:

# end of file
`;

describe('the short syntax', () => {
  test('changes the reference and adds the new volume, and keeps every other byte', () => {
    const after = edit(typical);
    expect(difference(typical, after)).toEqual([
      '-      - pgdata:/var/lib/postgresql/data   # do not lose',
      '+      - pgdata2:/var/lib/postgresql/data   # do not lose',
      '+  pgdata2:',
    ]);
    expect(after).toContain('volumes:\n  static: {}\n  # old one\n  pgdata:\n  pgdata2:\n\n# end of file\n');
  });

  test('doing it again changes nothing', () => {
    const once = edit(typical) ?? '';
    expect(edit(once)).toBe(once);
  });

  test('changing back restores the reference and leaves the other volume listed', () => {
    const there = edit(typical) ?? '';
    const back = edit(there, { fromAlias: 'pgdata2', toAlias: 'pgdata', toVolume: 'app_pgdata' });
    expect(difference(typical, back)).toEqual(['+  pgdata2:']);
  });

  test.each([
    ['double quotes', '"pgdata:/var/lib/postgresql/data:rw"', '"pgdata2:/var/lib/postgresql/data:rw"'],
    ['single quotes', "'pgdata:/var/lib/postgresql/data'", "'pgdata2:/var/lib/postgresql/data'"],
    ['a slash at the end', 'pgdata:/var/lib/postgresql/data/:z', 'pgdata2:/var/lib/postgresql/data/:z'],
    ['a variable in the path', 'pgdata:${PGDATA:-/x}', 'pgdata2:${PGDATA:-/x}'],
    ['a directory of the host', './data:/var/lib/postgresql/data', 'pgdata2:/var/lib/postgresql/data'],
    ['an anchor nobody uses', '&m pgdata:/var/lib/postgresql/data', '&m pgdata2:/var/lib/postgresql/data'],
  ])('with %s', (_, before, after) => {
    const file = (mount: string, more = '') =>
      `services:\n  db:\n    volumes:\n      - ${mount}\nvolumes:\n  pgdata:\n${more}`;
    expect(edit(file(before))).toBe(file(after, '  pgdata2:\n'));
  });

  test('in a flow sequence', () => {
    const text =
      'services: {db: {volumes: [a:/b, "pgdata:/var/lib/postgresql/data"]}}\nvolumes: {pgdata: , a: {}}\n';
    expect(edit(text)).toBe(
      'services: {db: {volumes: [a:/b, "pgdata2:/var/lib/postgresql/data"]}}\nvolumes: {"pgdata2": {}, pgdata: , a: {}}\n',
    );
  });

  test('in a file that is one JSON object', () => {
    const text =
      '{"services": {"db": {"volumes": ["pgdata:/var/lib/postgresql/data"]}}, "volumes": {"pgdata": {}}}';
    expect(edit(text)).toBe(
      '{"services": {"db": {"volumes": ["pgdata2:/var/lib/postgresql/data"]}}, "volumes": {"pgdata2": {}, "pgdata": {}}}',
    );
  });
});

test('the long syntax changes only its source', () => {
  const text = `services:
  db:
    volumes:
      - type: volume
        target: /var/lib/postgresql/data
        source: 'pgdata'   # here
        volume: {nocopy: true}
volumes: {pgdata: {}}
`;
  expect(difference(text, edit(text))).toEqual([
    "-        source: 'pgdata'   # here",
    '-volumes: {pgdata: {}}',
    "+        source: 'pgdata2'   # here",
    '+volumes: {"pgdata2": {}, pgdata: {}}',
  ]);
});

describe('the list of volumes', () => {
  const service = (alias: string) =>
    `services:\n  db:\n    volumes:\n      - ${alias}:/var/lib/postgresql/data\n`;

  test.each([
    ['missing', '', '\nvolumes:\n  pgdata2:\n'],
    ['empty', 'volumes:\n', 'volumes:\n  pgdata2:\n'],
    ['empty with a comment', 'volumes: # all\nx-a: 1\n', 'volumes: # all\n  pgdata2:\nx-a: 1\n'],
    ['an empty map', 'volumes: {}\n', 'volumes: {"pgdata2": {}}\n'],
    ['without a line end', 'volumes:\n  pgdata:', 'volumes:\n  pgdata:\n  pgdata2:'],
    [
      'deep, and another section after it',
      'volumes:\n    pgdata:\n        driver: local   # x\n\n# networks\nnetworks:\n    n:\n',
      'volumes:\n    pgdata:\n        driver: local   # x\n    pgdata2:\n\n# networks\nnetworks:\n    n:\n',
    ],
    ['with the entry already', 'volumes:\n  pgdata2: {}\n', 'volumes:\n  pgdata2: {}\n'],
    [
      'naming it explicitly',
      'volumes:\n  pgdata2:\n    name: app_pgdata2\n',
      'volumes:\n  pgdata2:\n    name: app_pgdata2\n',
    ],
  ])('%s', (_, before, after) => {
    expect(edit(service('pgdata') + before)).toBe(service('pgdata2') + after);
  });

  test('before the services', () => {
    const text = `volumes:\n  pgdata:\n\n${service('pgdata')}`;
    expect(edit(text)).toBe(`volumes:\n  pgdata:\n  pgdata2:\n\n${service('pgdata2')}`);
  });

  test('a volume whose name Compose would not give is written with that name, as external', () => {
    const after = edit(`${service('pgdata')}volumes:\n  pgdata: {name: prod-pg, external: true}\n`, {
      toVolume: 'restored-pg',
    });
    expect(parse(after ?? '')).toEqual({
      services: { db: { volumes: ['pgdata2:/var/lib/postgresql/data'] } },
      volumes: {
        pgdata: { name: 'prod-pg', external: true },
        pgdata2: { name: 'restored-pg', external: true },
      },
    });
    expect(edit(after ?? '', { toVolume: 'restored-pg' })).toBe(after);
  });

  test('an entry of that alias for another volume is refused', () => {
    const text = `${service('pgdata')}volumes:\n  pgdata2: {name: payroll}\n`;
    expect(refusal(() => edit(text))).toEqual({
      code: 'SERVICE_CONFLICT',
      message: 'compose.yaml already has a volume pgdata2, and it is payroll, not app_pgdata2.',
    });
  });
});

describe('bytes', () => {
  test('CRLF line ends stay, new lines have them too', () => {
    const text = typical.replaceAll('\n', '\r\n');
    expect(edit(text)).toBe((edit(typical) ?? '').replaceAll('\n', '\r\n'));
  });

  test('a byte order mark and a missing last line end stay', () => {
    const text = `\uFEFF${typical.trimEnd()}`;
    expect(edit(text)).toBe(`\uFEFF${(edit(typical) ?? '').trimEnd()}`);
  });

  test('tags of Compose stay', () => {
    const text =
      'services:\n  db:\n    volumes: !override\n      - pgdata:/var/lib/postgresql/data\n    ports: !reset []\n';
    expect(edit(text)).toBe(`${text.replace('pgdata:', 'pgdata2:')}\nvolumes:\n  pgdata2:\n`);
  });
});

describe('what would change more than the one reference is refused', () => {
  test.each([
    [
      'a list shared by an alias',
      'x-v: &v\n  - pgdata:/var/lib/postgresql/data\nservices:\n  db:\n    volumes: *v\n  other:\n    volumes: *v\n',
    ],
    [
      'a list whose anchor another service uses',
      'services:\n  db:\n    volumes: &v\n      - pgdata:/var/lib/postgresql/data\n  other:\n    volumes: *v\n',
    ],
    [
      'a mount that is an alias',
      'x-m: &m pgdata:/var/lib/postgresql/data\nservices:\n  db:\n    volumes:\n      - *m\n',
    ],
    [
      'a service that another one merges',
      'services:\n  db: &db\n    volumes:\n      - pgdata:/var/lib/postgresql/data\n  other:\n    <<: *db\n',
    ],
    ['a variable', 'services:\n  db:\n    volumes:\n      - ${V:-pgdata}:/var/lib/postgresql/data\n'],
    ['an anonymous volume', 'services:\n  db:\n    volumes:\n      - /var/lib/postgresql/data\n'],
    [
      'a bind mount in long syntax',
      'services:\n  db:\n    volumes:\n      - {type: bind, source: ./d, target: /var/lib/postgresql/data}\n',
    ],
    ['an escape', 'services:\n  db:\n    volumes:\n      - "pg\\x64ata:/var/lib/postgresql/data"\n'],
    [
      'aliased top-level volumes',
      'x-v: &v {pgdata: {}}\nservices:\n  db:\n    volumes: [pgdata:/var/lib/postgresql/data]\nvolumes: *v\n',
    ],
  ])('%s', (_, text) => {
    const { code, message } = refusal(() => edit(text));
    expect(code).toBe('SERVICE_CONFLICT');
    expect(message).toMatch(/^odo cannot change the volume of the service db in compose.yaml: .+\.$/);
  });
});

test('a file that does not write the mount out for the service gives null', () => {
  expect(edit('services:\n  web: {image: nginx}\n')).toBeNull();
  expect(edit('services:\n  db: {image: postgres}\n')).toBeNull();
  expect(edit('services:\n  db: {volumes: [pgdata:/elsewhere]}\n')).toBeNull();
  expect(
    edit('x-b: &b {volumes: [pgdata:/var/lib/postgresql/data]}\nservices:\n  db:\n    <<: *b\n'),
  ).toBeNull();
});

test.each([
  ['broken YAML', 'services:\n  db: [\n', /line \d+, column \d+/],
  ['no mapping', '- a\n- b\n', /not a mapping/],
  ['nothing', '', /empty|not a mapping/],
  ['several documents', 'services: {}\n---\nservices: {}\n', /several YAML documents/],
])('%s is refused as a Compose file', (_, text, says) => {
  const { code, message } = refusal(() => edit(text));
  expect(code).toBe('CONFIG_INVALID');
  expect(message).toMatch(says);
});

describe('a Compose file that means harm', () => {
  const bomb = Array.from({ length: 12 }, (_, level) => {
    const value =
      level === 0 ? '"lol"' : `[${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`;
    return `  a${level}: &a${level} ${value}\n`;
  });
  test.each([
    [
      'aliases of aliases (a billion laughs)',
      `x-bomb:\n${bomb.join('')}${typical}`,
      /aliases cannot be resolved/,
    ],
    ['an alias of itself', `x-self: &self [*self]\n${typical}`, /aliases cannot be resolved/],
    ['an alias of nothing', `x-none: *nobody\n${typical}`, /Unresolved alias|aliases cannot be resolved/],
    ['deep nesting', `x-deep: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n${typical}`, /line 1, column \d+/],
  ])('is refused: %s', (_, text, says) => {
    // Before Docker Compose reads it.
    const { code, message } = refusal(() => parseComposeFile(text, 'compose.yaml'));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toMatch(says);
  });

  test('is none where each of many services uses one anchor', () => {
    const many = Array.from({ length: 300 }, (_, i) => `  s${i}:\n    image: nginx\n    logging: *log\n`);
    const text = typical.replace('services:\n', `services:\n${many.join('')}`);
    expect(difference(text, edit(text))).toContain('+  pgdata2:');
  });
});
