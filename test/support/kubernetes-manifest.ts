import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { CronJob, Job } from 'kubernetes-models/batch/v1';
import { PersistentVolumeClaim } from 'kubernetes-models/v1';
import { temporaryDirectory } from './temporary-directory.ts';

const root = join(import.meta.dirname, '../..');

/** Kind -> its model, and the module that has it. */
const models = {
  Job: { model: Job, module: 'kubernetes-models/batch/v1' },
  CronJob: { model: CronJob, module: 'kubernetes-models/batch/v1' },
  PersistentVolumeClaim: { model: PersistentVolumeClaim, module: 'kubernetes-models/v1' },
} as const;

export interface Manifest {
  readonly kind: string;
}

/**
 * What the API's schema has against these manifests; empty when nothing. The models' validators know types, ranges,
 * enumerations and required fields, but let unknown fields pass; those the compiler finds, in the types that are made
 * from the same schema.
 */
export async function schemaProblems(manifests: readonly Manifest[]): Promise<string[]> {
  const problems: string[] = [];
  const lines: string[] = [];
  for (const [index, manifest] of manifests.entries()) {
    const known = models[manifest.kind as keyof typeof models];
    if (known === undefined) throw new Error(`No model is loaded for the kind ${manifest.kind}.`);
    try {
      new known.model(manifest as never).validate();
    } catch (error) {
      problems.push(String(error));
    }
    lines.push(
      `import type { I${manifest.kind} as Kind${index} } from '${known.module}';`,
      `export const manifest${index}: Kind${index} = ${JSON.stringify(manifest)};`,
    );
  }
  return [...problems, ...(await compilerProblems(lines.join('\n')))];
}

async function compilerProblems(text: string): Promise<string[]> {
  await using project = await temporaryDirectory('odo-kubernetes-');
  await symlink(join(root, 'node_modules'), join(project.path, 'node_modules'));
  await writeFile(join(project.path, 'package.json'), '{"type":"module"}');
  await writeFile(join(project.path, 'manifests.ts'), text);
  const compiler = join(root, 'node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--pretty', 'false'];
  const { stdout } = await execa(compiler, [...options, '--types', '', 'manifests.ts'], {
    cwd: project.path,
    reject: false,
  });
  return stdout.split('\n').filter((line) => line.includes(' error '));
}
