import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OdoError } from '../errors/odo-error.ts';
import type { ControlFile } from '../postgres/control-file.ts';
import { filterSettings } from '../postgres/filter-settings.ts';
import { leftoverRecoveryKeys } from '../postgres/recovery-settings.ts';
import { autoFile } from '../postgres/server-configuration.ts';
import { formatSettings } from '../postgres/setting-line.ts';
import type { Tree } from '../target/tree.ts';
import { asideAutoConf } from './layout.ts';
import { requireOverrideFile } from './preflight.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { StepContext } from './step.ts';
import { TreeConfiguration } from './tree-configuration.ts';

/** For clusters whose configuration lies outside the data directory (Debian, Bitnami): without one nothing starts. */
function generatedConf({ maxima, walLevel, walLogHints, trackCommitTimestamp }: ControlFile): string {
  const settings = {
    listen_addresses: '*',
    // As the source had them: what a configuration cannot show, its control file does.
    ...Object.fromEntries(Object.entries(maxima).map(([name, value]) => [name, String(value)])),
    wal_level: walLevel,
    wal_log_hints: walLogHints ? 'on' : 'off',
    track_commit_timestamp: trackCommitTimestamp ? 'on' : 'off',
  };
  return `# Written by odo: the backup has no postgresql.conf.\n${formatSettings(settings)}`;
}
const generatedHba =
  '# Written by odo: the backup has no pg_hba.conf.\nlocal all all peer\nhost all all all scram-sha-256\n';
const generatedHbaInContainer = generatedHba.replace('peer', 'trust');

/**
 * The files that the database's configuration begins with: the override file, or the backup's postgresql.auto.conf
 * without settings of a past recovery, and what the backup has no file for. Returns what was done, for a person.
 */
export async function layDownConfiguration(
  context: StepContext,
  tree: Tree,
  readControl: () => Promise<ControlFile>,
): Promise<string[]> {
  const plan = context.plan();
  const edits =
    plan.override === null
      ? await restoreAutoConf(tree, plan.configuration?.isKept ?? false)
      : await replaceAutoConf(tree, plan, context);
  const names = new Set((await tree.list('')).map((entry) => entry.name));
  if (!names.has('postgresql.conf')) {
    await tree.writeFile('postgresql.conf', generatedConf(await readControl()), 0o600);
    edits.push('postgresql.conf written');
  }
  if (!names.has('pg_hba.conf')) {
    const hba = plan.launcher.kind === 'local' ? generatedHba : generatedHbaInContainer;
    await tree.writeFile('pg_hba.conf', hba, 0o600);
    edits.push('pg_hba.conf written');
  }
  if (!names.has('pg_ident.conf')) await tree.writeFile('pg_ident.conf', '', 0o600);
  return edits;
}

/**
 * Moved, not copied: what an operator mended in it after a failure stays. What belongs to a past recovery goes in any
 * case: without it a kept configuration would not be the database's.
 */
async function restoreAutoConf(tree: Tree, isKept: boolean): Promise<string[]> {
  const names = (await tree.list('')).map(({ name }) => name);
  if (names.includes(asideAutoConf)) await tree.rename(asideAutoConf, autoFile);
  const files = new TreeConfiguration(tree);
  const content = isKept ? await files.read(autoFile) : null;
  if (content === null) return [];
  const { text, removed } = filterSettings(content, leftoverRecoveryKeys);
  if (removed.length > 0) await files.write(autoFile, text);
  return removed.map((setting) => `${setting.name} removed from ${autoFile}`);
}

async function replaceAutoConf(tree: Tree, plan: RestorePlan, context: StepContext): Promise<string[]> {
  if (plan.override === null) throw new OdoError('BUG', 'There is no override file in the plan.');
  const { path, sha256 } = plan.override;
  await requireOverrideFile(path);
  const content = await readFile(path);
  if (createHash('sha256').update(content).digest('hex') !== sha256) {
    context.notice('warning', `${path} changed since the run was planned; its present content is used.`);
  }
  await tree.writeFile('postgresql.auto.conf', content, 0o600);
  return [`postgresql.auto.conf replaced by ${path}`];
}
