import type { DoctorRequest } from '../../steps/doctor-request.ts';
import { formatTime } from '../../steps/units.ts';
import { asTold, ok, unchecked, warning } from './finding.ts';
import type { StoreLook } from './store-look.ts';
import type { Surroundings } from './surroundings.ts';

export async function examineStores({ request, store, walStore }: Surroundings) {
  const look = await store();
  if (look === null) {
    return [
      unchecked(
        'no URL is configured, so no store was looked at',
        'Say where the backups lie: odo doctor -u s3://BUCKET/PREFIX (or ODO_URL, or url in odo.yaml)',
      ),
    ];
  }
  const wal = await walStore();
  return [
    ...storeFindings(look),
    ...(wal === null ? [] : storeFindings(wal)),
    ...(plainText(request) ? [overPlainHttp(look)] : []),
  ];
}

function storeFindings({ description, url, isListed, readKey, backups, error }: StoreLook) {
  const worked = [...(isListed ? ['lists'] : []), ...(readKey === null ? [] : [`reads (${readKey})`])];
  const reachable = worked.length === 0 ? [] : [ok(`${description} answers, ${worked.join(' and ')}`)];
  const found = backups === null ? [] : [backupsFinding(url, backups)];
  return [...reachable, ...found, ...(error === null ? [] : [asTold(error)])];
}

function backupsFinding(url: string, { count, newest }: NonNullable<StoreLook['backups']>) {
  const { id, status, problem, finishedAt, serverMajor } = newest;
  const facts = [
    ...(serverMajor === null ? [] : [`PostgreSQL ${serverMajor}`]),
    ...(finishedAt === null ? [] : [`finished ${formatTime(finishedAt)}`]),
  ];
  const text = `${count} ${count === 1 ? 'backup' : 'backups'} in ${url}; the newest is ${id}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
  return status === 'complete'
    ? ok(text)
    : warning(
        `${text}, and it is ${status}${problem === null ? '' : `: ${problem.replace(/\.$/, '')}`}`,
        'See which ones can be restored: odo backups',
      );
}

const plainText = ({ source }: DoctorRequest): boolean => {
  const address = source?.endpoint ?? source?.url ?? '';
  return /^http:/i.test(address) && !/^http:\/\/(localhost|127\.|\[::1\])/i.test(address);
};

const overPlainHttp = ({ description }: StoreLook) =>
  warning(
    `${description} is spoken to without TLS, so everybody on the way can read the backups`,
    'Use an https:// address.',
  );
