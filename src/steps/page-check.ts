import type { PageChecksumsOptions } from '../archive/hash/page-checksums.ts';
import type { PageFindings } from '../archive/page-findings.ts';
import type { TarEntry } from '../archive/restore-archive.ts';
import { parseControlFile } from '../postgres/control-file.ts';
import { firstBlockOf, parseRelationFile } from '../postgres/relation-file.ts';
import type { Tree } from '../target/tree.ts';
import { sealedFolder } from './layout.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { StepContext, StepFacts } from './step.ts';

/** What every packaged PostgreSQL is built with; pg_control tells only when the archives have been read. */
export const pageBytes = 8192;

/** The part of restoreBase that keeps what was found: the check after recovery begins with it. */
export const pagesPart = 'page checksums';

/** What came of the check while files streamed; plain JSON. `unchecked`: why there was nothing to check. */
export type StreamedPages = { readonly findings: PageFindings } | { readonly unchecked: string };

/** How the pages of an archive's entry are checked; null: it has none. Absent: no page is checked while it streams. */
export function pageCheckOf(
  plan: Pick<RestorePlan, 'pageChecksums'>,
): ((entry: Pick<TarEntry, 'path'>) => PageChecksumsOptions | null) | undefined {
  if (plan.pageChecksums !== 'stream' && plan.pageChecksums !== 'auto') return undefined;
  return ({ path }) => {
    const file = parseRelationFile(path);
    return file === null ? null : { firstBlock: firstBlockOf(file, pageBytes), pageBytes };
  };
}

/** Keeps what was found for the time after recovery, when it is judged. */
export async function keepFindings(
  context: StepContext,
  tree: Tree,
  findings: PageFindings,
): Promise<StepFacts> {
  const unchecked = await whyUnchecked(tree);
  const kept: StreamedPages = unchecked === null ? { findings } : { unchecked };
  await context.part(pagesPart, null, async () => kept);
  if (unchecked !== null) {
    if (context.plan().pageChecksums === 'stream')
      context.notice('warning', `Page checksums were asked for, but could not be checked: ${unchecked}.`);
    return { pagesMatching: null };
  }
  const { pages, suspectPages } = findings;
  if (suspectPages > 0) {
    context.notice(
      'info',
      `${suspectPages} of ${pages} pages did not match their checksums, as pages do that were being written while the backup was made; they are looked at again after recovery.`,
    );
  }
  return { pagesMatching: pages - suspectPages, pagesInDoubt: suspectPages };
}

/** Null: they can be checked. Otherwise the reason, without a full stop. */
async function whyUnchecked(tree: Tree): Promise<string | null> {
  const bytes = await tree.readFile(`${sealedFolder}/pg_control`, 64 * 1024);
  const control = bytes === null ? null : parseControlFile(bytes);
  if (control === null || control.dataChecksumVersion === 0) return noChecksums;
  if (control.dataChecksumVersion !== 1) return unknownChecksums(control.dataChecksumVersion);
  if (control.blockBytes === pageBytes) return null;
  return `its pages have ${control.blockBytes} bytes, not ${pageBytes}; --page-checksums server can check them`;
}

export const noChecksums = 'the cluster has none';

/** PostgreSQL 18 knows one version. */
export const unknownChecksums = (version: number): string =>
  `they are of version ${version}, which odo does not know`;
