import type { PageChecksumsOptions } from '../archive/hash/page-checksums.ts';
import type { PageFindings } from '../archive/page-findings.ts';
import type { TarEntry } from '../archive/restore-archive.ts';
import type { BaseBackup } from '../backup/base-backup.ts';
import { OdoError } from '../errors/odo-error.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { parseLsn } from '../postgres/lsn.ts';
import { firstBlockOf, parseRelationFile } from '../postgres/relation-file.ts';
import type { Tree } from '../target/tree.ts';
import { sealedFolder } from './layout.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { StepContext } from './step.ts';

/** What every packaged PostgreSQL is built with; pg_control tells only when the archives have been read. */
const pageBytes = 8192;

/** How the pages of an archive's entry are checked; null: it has none, or is an incremental file. */
export function pageCheckOf(
  plan: RestorePlan,
  { beginLsn, endLsn }: Pick<BaseBackup, 'beginLsn' | 'endLsn'>,
): ((entry: Pick<TarEntry, 'path'>) => PageChecksumsOptions | null) | undefined {
  if (!plan.pageChecksums) return undefined;
  const startLsn = beginLsn === null ? 0n : parseLsn(beginLsn);
  const replay = endLsn === null ? { startLsn } : { startLsn, endLsn: parseLsn(endLsn) };
  return ({ path }) => {
    const file = parseRelationFile(path);
    if (file === null) return null;
    const firstBlock = firstBlockOf(file, pageBytes);
    // Changes of the free space map are not logged; the server mends what it finds there.
    return { firstBlock, pageBytes, replay: file.fork === 'fsm' ? { startLsn: 0n } : replay };
  };
}

/**
 * Ends the restore when pages are damaged. Says so when nothing could be checked, because the cluster has no checksums or other
 * pages.
 */
export async function requirePages(
  context: StepContext,
  tree: Tree,
  findings: PageFindings,
): Promise<number | null> {
  const control = await tree.readFile(`${sealedFolder}/pg_control`, 64 * 1024);
  const { dataChecksumVersion, blockBytes } =
    control === null ? { dataChecksumVersion: 0, blockBytes: pageBytes } : parseControlFile(control);
  if (dataChecksumVersion === 0 || blockBytes !== pageBytes) {
    const why =
      dataChecksumVersion === 0
        ? 'the cluster has none'
        : `its pages have ${blockBytes} bytes, not ${pageBytes}`;
    context.notice('warning', `Page checksums were asked for, but could not be checked: ${why}.`);
    return null;
  }
  const [first] = findings.damaged;
  if (first !== undefined) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${findings.damagedPages} of ${findings.pages} pages do not match their checksums, block ${first.block} of ${first.path} among them.`,
      {
        hint: 'The source had the damage already, or the backup got it. Choose another backup with --backup, or restore without --page-checksums and look at the relation.',
        details: { damaged: findings.damaged },
      },
    );
  }
  const [cut] = findings.cutFiles;
  if (cut !== undefined) {
    throw new OdoError('VERIFICATION_FAILED', `${cut} ends inside a page.`, {
      hint: 'Choose another backup with --backup.',
      details: { files: findings.cutFiles },
    });
  }
  if (findings.unproven > 0) {
    context.notice(
      'info',
      `${findings.unproven} of ${findings.pages} pages were being written while the backup was made; its WAL puts them right.`,
    );
  }
  return findings.pages;
}
