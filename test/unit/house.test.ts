import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = join(import.meta.dirname, '../..');

/** One forbidden line each; `src/` + room + import. */
const violations: readonly (readonly [room: string, line: string])[] = [
  ['cli', `import { openJournal } from '../journal/open.ts';`],
  ['cli', `import { createS3 } from '../storage/s3.ts';`],
  ['cli', `import { runStep } from '../steps/seal.ts';`],
  ['config', `import { startRun } from '../run/executor.ts';`],
  ['config', `import { openTarget } from '../target/open-target.ts';`],
  ['config', `import { parseLsn } from '../postgres/lsn.ts';`],
  ['machine', `import { readFile } from 'node:fs/promises';`],
  ['machine', `import { randomUUID } from 'node:crypto';`],
  ['machine', `import { openJournal } from '../journal/open.ts';`],
  ['machine', `import { seal } from '../steps/seal.ts';`],
  ['run', `import { program } from '../cli/program.ts';`],
  ['run', `import type { Database } from 'better-sqlite3';`],
  ['steps', `import { assign } from 'xstate';`],
  ['steps', `import { openJournal } from '../journal/open.ts';`],
  ['steps', `import { startRun } from '../run/executor.ts';`],
  ['steps', `import { openS3 } from '../storage/s3.ts';`],
  ['steps', `import { compose } from '../service/compose.ts';`],
  ['steps', `import { Command } from 'commander';`],
  ['steps', `import { engine } from '../docker/client.ts';`],
  ['steps', `import { takeBackup } from '../take/take-backup.ts';`],
  ['cli', `import { takeBackup } from '../take/take-backup.ts';`],
  ['storage', `import type { TakeRequest } from '../take/take-request.ts';`],
  ['service', `import type { TakeRequest } from '../take/take-request.ts';`],
  ['backup', `import { noLongerKept } from '../take/retention.ts';`],
  ['take', `import type { Step } from '../steps/step.ts';`],
  ['take', `import { startRun } from '../run/executor.ts';`],
  ['take', `import { openJournal } from '../journal/open.ts';`],
  ['take', `import { openTarget } from '../target/open-target.ts';`],
  ['take', `import { listBackups } from '../backup/catalogue.ts';`],
  ['take', `import { S3Client } from '@aws-sdk/client-s3';`],
  ['journal', `import type { Step } from '../steps/step.ts';`],
  ['journal', `import { machine } from '../machine/restore-machine.ts';`],
  ['backup', `import { openS3 } from '../storage/s3.ts';`],
  ['backup', `import type { Step } from '../steps/step.ts';`],
  ['backup', `import { restoreArchive } from '../archive/restore-archive.ts';`],
  ['storage', `import type { BaseBackup } from '../backup/base-backup.ts';`],
  ['archive', `import { openTarget } from '../target/open-target.ts';`],
  ['archive', `import type { Step } from '../steps/step.ts';`],
  ['postgres', `import type { Tree } from '../target/tree.ts';`],
  ['target', `import type { Service } from '../service/service.ts';`],
  ['target', `import Docker from 'dockerode';`],
  ['target', `import { S3Client } from '@aws-sdk/client-s3';`],
  ['steps', `import ssh from 'ssh2';`],
  ['run', `import { BlobServiceClient } from '@azure/storage-blob';`],
  ['service', `import { openTarget } from '../target/open-target.ts';`],
  ['service', `import type { Step } from '../steps/step.ts';`],
  ['docker', `import type { Target } from '../target/target.ts';`],
  ['report', `import type { RunApi } from '../run/run-api.ts';`],
  ['report', `import type { Step } from '../steps/step.ts';`],
  ['report', `import { openJournal } from '../journal/open.ts';`],
  ['report', `import { parseLsn } from '../postgres/lsn.ts';`],
  ['errors', `import { readFile } from 'node:fs';`],
  ['errors', `import type { Step } from '../steps/step.ts';`],
];

/** The same rooms, importing what they may. */
const allowed: readonly (readonly [room: string, line: string])[] = [
  ['cli', `import type { RunApi } from '../run/run-api.ts';`],
  ['machine', `import { setup } from 'xstate';`],
  ['machine', `import type { RestorePlan } from '../steps/restore-plan.ts';`],
  ['run', `import { machine } from '../machine/restore-machine.ts';`],
  ['steps', `import type { ObjectStorage } from '../storage/object-storage.ts';`],
  ['run', `import { takeBackup } from '../take/take-backup.ts';`],
  ['config', `import type { TakeRequest } from '../take/take-request.ts';`],
  ['take', `import { begunName } from '../backup/pg-basebackup/layout.ts';`],
  ['take', `import { connectDocker } from '../docker/client.ts';`],
  ['take', `import { openStorage } from '../storage/open-storage.ts';`],
  ['journal', `import Database from 'better-sqlite3';`],
  ['backup', `import type { ObjectStorage } from '../storage/object-storage.ts';`],
  ['backup', `import { decodedChunks } from '../archive/decoded-chunks.ts';`],
  ['archive', `import type { Tree } from '../target/tree.ts';`],
  ['storage', `import { S3Client } from '@aws-sdk/client-s3';`],
  ['target', `import type { Engine } from '../docker/client.ts';`],
  ['service', `import type { Owner } from '../target/tree.ts';`],
  ['docker', `import Docker from 'dockerode';`],
  ['report', `import type { ErrorData } from '../errors/serialize.ts';`],
  ['steps', `import { formatBytes } from '../report/units.ts';`],
  ['cli', `import { reportHtml } from '../report/html/page.ts';`],
];

interface Finding {
  readonly filename: string;
  readonly code: string;
}

/** Lints files of a project that has nothing but this one's rules. */
async function lint(
  files: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<Finding[]> {
  await using project = await temporaryDirectory('odo-lint-');
  for (const name of ['.oxlintrc.json', 'tsconfig.json'])
    await copyFile(join(root, name), join(project.path, name));
  await symlink(join(root, 'node_modules'), join(project.path, 'node_modules'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(project.path, name)), { recursive: true });
    await writeFile(join(project.path, name), `${text}\n`);
  }
  const run = promisify(execFile)(join(root, 'node_modules/.bin/oxlint'), [...options, '-f', 'json', 'src'], {
    cwd: project.path,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
  });
  // It exits 1 when it found something.
  const stdout = await run.then(
    (done) => done.stdout,
    (failed: { stdout: string }) => failed.stdout,
  );
  return (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
}

function asFiles(lines: readonly (readonly [string, string])[]): Record<string, string> {
  return Object.fromEntries(lines.map(([room, line], index) => [`src/${room}/case-${index}.ts`, line]));
}

function filesWith(findings: readonly Finding[], rule: string): string[] {
  return [
    ...new Set(findings.filter((found) => found.code.includes(rule)).map((found) => found.filename)),
  ].sort();
}

test('the linter refuses every import that a room may not have', async () => {
  const files = asFiles(violations);
  expect(filesWith(await lint(files), 'no-restricted-imports')).toEqual(Object.keys(files).sort());
});

test('the linter lets every room import what it may', async () => {
  expect(filesWith(await lint(asFiles(allowed)), 'no-restricted-imports')).toEqual([]);
});

test('the linter refuses import cycles, floating promises, any and default exports', async () => {
  const findings = await lint(
    {
      'src/run/one.ts': `import { two } from './two.ts';\nexport const one = (): number => two();`,
      'src/run/two.ts': `import { one } from './one.ts';\nexport const two = (): number => one();`,
      'src/run/float.ts': `export function start(work: () => Promise<void>): void {\n  work();\n}`,
      'src/run/any.ts': `export const anything = (value: any): unknown => value;`,
      'src/run/default.ts': `export default 1;`,
    },
    ['--type-aware'],
  );
  expect(filesWith(findings, 'no-cycle')).toEqual(['src/run/one.ts', 'src/run/two.ts']);
  expect(filesWith(findings, 'no-floating-promises')).toEqual(['src/run/float.ts']);
  expect(filesWith(findings, 'no-explicit-any')).toEqual(['src/run/any.ts']);
  expect(filesWith(findings, 'no-default-export')).toEqual(['src/run/default.ts']);
});

test('every dependency is pinned exactly, and no install script is run', async () => {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
  expect(await readFile(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
});
