import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseBackupInfo } from '../../../src/backup/barman-cloud/backup-info.ts';
import { parsePythonLiteral } from '../../../src/backup/barman-cloud/python-literal.ts';
import { JsonMembers } from '../../../src/backup/wal-g/json-members.ts';
import { parseSentinel } from '../../../src/backup/wal-g/sentinel.ts';
import { parseBackupLabel } from '../../../src/postgres/backup-label.ts';
import { parseBackupManifest } from '../../../src/postgres/backup-manifest.ts';
import { parseTablespaceMap } from '../../../src/postgres/tablespace-map.ts';
import { parseTimelineHistory, timelinePath } from '../../../src/postgres/timeline-history.ts';
import { labelText } from '../../support/backup-store.ts';
import { manifestText } from '../../support/manifest-text.ts';
import { sentinelText, tablespaceSpec } from '../../support/walg-backup.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
export const fixtureFiles = (folder: string, end: string): Buffer[] =>
  readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith(end))
    .map((name) => readFileSync(join(fixtures, folder, name)));
const textsOf = (folder: string, end: string) => fixtureFiles(folder, end).map((bytes) => bytes.toString());

const manifest = manifestText({
  files: [
    { path: 'backup_label', size: 225, checksum: 'c81dd8f7' },
    { path: 'odd "name" \\ é', size: 8192, checksum: '00000000' },
    { path: 'pg_tblspc/16400/PG_17_202406281/5/1', size: 0 },
  ],
});
const history =
  '1\t0/3000148\tno recovery target specified\n\n# note\n2\t1A/5000000\tbefore 2026-11-20 02:00:06+00\n';
const map = '16400 /mnt/fast/ts1\n16401 /mnt/odd\\\n name\\\\\n';
const sentinel = sentinelText({
  Spec: tablespaceSpec,
  DeltaFrom: 'base_000000010000000000000004',
  TarFileSets: { 'part_001.tar.lz4': ['/PG_VERSION'] },
});

/** Each parser with what it reads, words its format knows, and the code of its refusal. */
export const textParsers = {
  'backup.info': [
    parseBackupInfo,
    textsOf('backup-info', '.info'),
    ['None', '=', "u'", "[('ts', 16400, '/ts')]", '\\U0010ffff', '1L', 'begin_xlog=', 'xlog_segment_size=0'],
  ],
  'a value of backup.info': [
    parsePythonLiteral,
    ["[('ts', 16400, '/ts'), (u'x', 1L, None)]", "{'a': {'b': [1, 2.5e3, -inf, nan]}, 'toString': 1, 2: ()}"],
    [
      '[',
      '{',
      '(',
      "'",
      '\\x4',
      '\\777',
      "{{'toString': 1}: 2}",
      "{'__proto__': 1}",
      '1e999',
      '9'.repeat(400),
    ],
  ],
  backup_manifest: [
    parseBackupManifest,
    [manifest],
    ['"Files": [', '],', '"Size": 1e999', '"Path": null', '"Encoded-Path": "c3"', '"__proto__": 1', '}', '{'],
  ],
  'a timeline history file': [
    (text: string) => timelinePath(9, parseTimelineHistory(text, 9)),
    [history],
    ['4294967296', 'FFFFFFFF/FFFFFFFF', '0/0', '\t', '\r', '\u2028', '-1'],
  ],
  backup_label: [
    parseBackupLabel,
    [labelText(), labelText({ extra: 'INCREMENTAL FROM LSN: 0/3000028\nINCREMENTAL FROM TLI: 1\n' })],
    ['START WAL LOCATION: ', ' (file ', 'INCREMENTAL FROM TLI: 0', 'FFFFFFFF/FFFFFFFF', ')', '\r'],
  ],
  tablespace_map: [parseTablespaceMap, [map], ['\\', '\n', '\r', ' ', '99999999999 ', '16400 ']],
  'a sentinel of WAL-G': [
    parseSentinel,
    [sentinel],
    ['1e999', '-1', '9'.repeat(30), 'null', '[', '{', '"__proto__":{"loc":"/x"}', '"-271821-04-20"', '1.5'],
  ],
  'the file list of WAL-G': [
    (text: string) => {
      const members = new JsonMembers(() => {});
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 7) members.feed(bytes.subarray(at, at + 7));
      members.finish();
    },
    [sentinel, JSON.stringify({ Files: { '/base/1/2': { IsIncremented: true, CorruptBlocks: null } } })],
    ['\\', '"', '\\u12', '[[[[', '{"a":{', ',,', '::', 'tru'],
  ],
} as const satisfies Record<
  string,
  readonly [(text: string) => unknown, readonly string[], readonly string[]]
>;
