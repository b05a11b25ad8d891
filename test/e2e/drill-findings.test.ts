import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyFixture } from '../lab/fixtures.ts';
import { type ForeignFixtureName, foreignFixture } from '../lab/foreign-fixtures.ts';
import { imageName } from '../lab/images.ts';
import { type S3Server, startS3 } from '../lab/s3-server.ts';
import { objectsOf } from '../support/fixture-objects.ts';
import { odo } from '../support/odo-program.ts';
import {
  dropFromTar,
  editTar,
  flipByte,
  loseIndexEntry,
  removeObject,
  rewriteManifest,
  ruinHeader,
} from '../support/rewritten-backup.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

type Backup = { readonly bucket: string; readonly storageDir: string; readonly keys: readonly string[] };

/** Of pg_description and of its index: nobody asks them, and no WAL of the backups brings a page of theirs. */
const inPostgres = 'base/5/2609';
const inApp = 'base/16384/2675';
const attributesOfApp = 'base/16384/1249';

interface Shape {
  readonly what: string;
  readonly fixture: ForeignFixtureName;
  readonly url: 'url' | 'baseBackupUrl';
  /** Wares in the end. */
  readonly wares: number;
  readonly damage: (s3: S3Server, backup: Backup) => Promise<unknown>;
  readonly loseSegment: (s3: S3Server, backup: Backup) => Promise<unknown>;
  /** Lines that only this one has. */
  readonly lines: Readonly<Record<string, string>>;
}

const keyOf = ({ bucket, keys }: Backup, ending: string) => ({
  bucket,
  key: keys.find((key) => key.endsWith(ending)) ?? expect.fail(`no ${ending}`),
});

const shapes: readonly Shape[] = [
  // Of a cluster without page checksums, as CloudNativePG makes them unless it is told to.
  {
    what: 'CloudNativePG backup',
    fixture: 'foreign-cloudnative',
    url: 'url',
    wares: 3,
    damage: (s3, backup) =>
      editTar(s3, keyOf(backup, 'data.tar.gz'), {
        [inPostgres]: (content) => ruinHeader(content, 3),
        [inApp]: (content) => loseIndexEntry(content, false),
      }),
    // The only one that its recovery cannot do without.
    loseSegment: async (s3, backup) => {
      const { bucket, key } = keyOf(backup, '/000000010000000000000003');
      await removeObject(s3, bucket, key);
    },
    lines: {},
  },
  // With page checksums, and a manifest that knows the damage: the source had it already.
  {
    what: 'pg_basebackup',
    fixture: 'foreign-bitnami',
    url: 'baseBackupUrl',
    wares: 2,
    damage: async (s3, backup) => {
      const files = await editTar(s3, keyOf(backup, '/base.tar.gz'), {
        [inPostgres]: (content) => flipByte(content, 3),
        [inApp]: (content) => loseIndexEntry(content, true),
      });
      await rewriteManifest(s3, keyOf(backup, 'backup_manifest'), files);
    },
    loseSegment: (s3, backup) =>
      dropFromTar(s3, keyOf(backup, 'pg_wal.tar.gz'), (name) => /^[0-9A-F]{24}$/.test(name)),
    lines: { pages: `block 3 of ${inPostgres}` },
  },
];

const forms = ['json', 'xml', 'md', 'html'] as const;

/** A drill with every question, and all its reports. */
async function drill(shape: Shape, damage: Shape['damage'] | null, wares: number, more: readonly string[]) {
  await using directory = await temporaryDirectory();
  const original = await foreignFixture(shape.fixture);
  const url = original[shape.url];
  const [bucket = '', prefix = ''] = url.replace('s3://', '').split(/\/(.*)/s);
  const { storageDir } = original;
  const copy = await copyFixture({ bucket, storageDir, prefix }, join(directory.path, 's3'));
  const keys = (await objectsOf(copy)).map(({ key }) => key);
  await using s3 = await startS3({ storageDir: copy.storageDir });
  await damage?.(s3, { ...copy, keys });
  await writeFile(
    join(directory.path, 'odo.yaml'),
    `assertions:
  - { name: bread, sql: "SELECT name FROM wares WHERE id = 2", expect: bread }
  - { name: wares, sql: "SELECT count(*) FROM wares", expect: ${wares} }
`,
  );
  const reports = forms.flatMap((form) => ['--report', join(directory.path, `report.${form}`)]);
  const image = imageName(original.major);
  const result = await odo(['drill', '-u', url, '-e', s3.endpoint, '--image', image, ...reports, ...more], {
    cwd: directory.path,
    env: { ...s3.env, XDG_STATE_HOME: directory.path },
  });
  const texts = await Promise.all(
    forms.map((form) => readFile(join(directory.path, `report.${form}`), 'utf8').catch(() => '')),
  );
  const [json = '', junit = '', markdown = '', html = ''] = texts;
  return { ...result, json, told: { junit, markdown, html, terminal: result.stdout + result.stderr } };
}

interface Line {
  readonly id: string;
  readonly outcome: string;
  readonly summary: string;
}

const linesOf = (json: string): Record<string, Line> => {
  const { proofs } = JSON.parse(json) as { proofs: Line[] };
  return Object.fromEntries(proofs.map((line) => [line.id, line]));
};

const asOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

describeWithLab('a drill', () => {
  test.for(shapes)('of a $what that is whole passes', async (shape) => {
    const result = await drill(shape, null, shape.wares, ['--dump', '--max-rpo', '10000d']);
    expect(result.exitCode, result.stderr).toBe(0);
    const lines = linesOf(result.json);
    expect(Object.values(lines).filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    for (const id of [
      'amcheck:app',
      'amcheck:postgres',
      'dump:app',
      'assertion:bread',
      'assertion:wares',
      'rpo',
    ])
      expect(lines[id], id).toMatchObject({ outcome: 'passed' });
    expect(JSON.parse(result.json)).toMatchObject({ verdict: 'passed', findings: [] });
  });

  test.for(shapes)(
    'of a $what with a damaged page, a broken index, rows that are missing and data too old says each in every report',
    async (shape) => {
      const result = await drill(shape, shape.damage, shape.wares + 1, ['--max-rpo', '1m']);
      expect(result.exitCode, result.stderr).toBe(6);
      const expected: Record<string, string> = {
        'amcheck:postgres': 'invalid page in block 3 of relation',
        'amcheck:app': 'lacks matching index tuple within index',
        'assertion:wares': 'was expected',
        rpo: 'more than the 1 m 00 s that are allowed',
        ...shape.lines,
      };
      const lines = linesOf(result.json);
      for (const [id, part] of Object.entries(expected)) {
        expect(lines[id], id).toMatchObject({ outcome: 'failed', summary: expect.stringContaining(part) });
        for (const [form, text] of Object.entries(result.told))
          expect(asOneLine(text), `${id} in ${form}`).toContain(part);
      }
      const failed = Object.values(lines).filter(({ outcome }) => outcome === 'failed');
      expect(failed.map(({ id }) => id).sort()).toEqual(Object.keys(expected).sort());
      expect(lines['assertion:bread']).toMatchObject({ outcome: 'passed' });
    },
  );

  test('of a backup with a database whose catalog cannot be read proves the other one', async () => {
    const [shape = expect.fail('no shape')] = shapes;
    const damage: Shape['damage'] = (s3, backup) =>
      editTar(s3, keyOf(backup, 'data.tar.gz'), {
        [attributesOfApp]: (content) => ruinHeader(content, 40),
      });
    const result = await drill(shape, damage, shape.wares, []);
    expect(result.exitCode, result.stderr).toBe(6);
    const lines = linesOf(result.json);
    for (const id of ['amcheck:app', 'collations'])
      expect(lines[id], id).toMatchObject({
        outcome: 'failed',
        summary: expect.stringContaining('invalid page in block 40 of relation'),
      });
    expect(lines['amcheck:postgres']).toMatchObject({ outcome: 'passed' });
    expect(JSON.parse(result.json)).toMatchObject({ verdict: 'failed' });
  });

  test.for(shapes)('of a $what that lacks a segment of its WAL says which', async (shape) => {
    const result = await drill(shape, shape.loseSegment, shape.wares, []);
    expect(result.exitCode, result.stderr).toBe(6);
    const failed = Object.values(linesOf(result.json)).filter(({ outcome }) => outcome === 'failed');
    expect(failed).toEqual([
      expect.objectContaining({
        id: expect.stringMatching(/^(?:wal|backup)$/),
        summary: expect.stringMatching(/[0-9A-F]{24}/),
      }),
    ]);
    const [segment = ''] = /[0-9A-F]{24}/.exec(failed[0]?.summary ?? '') ?? [];
    for (const [form, text] of Object.entries(result.told)) expect(text, form).toContain(segment);
  });
});
