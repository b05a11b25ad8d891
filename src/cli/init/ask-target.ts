import { relative, resolve } from 'node:path';
import { composeFileIn } from '../../config/request.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { ServiceLook } from '../../run/look-at-compose.ts';
import type { CliApi } from '../context.ts';
import { type Answers, notSaid, refusalOf } from './answers.ts';
import { type Asker, none } from './asker.ts';

/** What runs PostgreSQL, and where its data lie. `from`: paths that are typed start there. */
export async function askTarget(
  answers: Answers,
  asker: Asker,
  api: CliApi,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<void> {
  const container = answers.known('container');
  const isOnHost =
    answers.asLoaded().settings.local === true || (answers.isGiven('dataDir') && !answers.isGiven('service'));
  const service =
    container === null && !isOnHost ? await askService(answers, asker, api, { cwd, signal }) : null;
  if (container !== null)
    answers.write('container', container, 'It is stopped before a restore and started afterwards.');
  if (service?.data != null && !answers.isGiven('volume') && !answers.isGiven('dataDir')) {
    const major = service.serverMajor === null ? '' : `, PostgreSQL ${service.serverMajor}`;
    asker.say(`${service.name} keeps its data in the ${service.data.kind} ${service.data.name}${major}.`);
    return writeTarget(answers, service.data.kind === 'volume' ? 'volume' : 'dataDir', service.data.name);
  }
  await askPlace(answers, asker, { cwd, isService: service !== null || container !== null });
}

async function askService(
  answers: Answers,
  asker: Asker,
  api: CliApi,
  { cwd, signal }: { cwd: string; signal: AbortSignal },
): Promise<ServiceLook | null> {
  const found = answers.known('composeFile') ?? composeFileIn(cwd);
  const known = found === undefined ? null : relative(cwd, found);
  const typed = answers.isGiven('composeFile')
    ? known
    : await asker.ask('Compose file of the PostgreSQL service', known ?? none);
  if (typed === null || typed === none) return null;
  const file = resolve(cwd, typed);
  const project = answers.known('project');
  let services: readonly ServiceLook[] = [];
  try {
    services = await api.lookAtCompose({ file, project, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OdoError)) throw error;
    asker.say(`The Compose file could not be looked at: ${error.message} odo doctor will say more.`);
  }
  const name = await chooseService(answers, asker, services);
  if (name === null) return null;
  answers.write('service', name, 'It is stopped before a restore and started afterwards.');
  answers.write('composeFile', file);
  if (project !== null) answers.write('project', project);
  return (
    services.find((one) => one.name === name) ?? { name, isPostgres: true, serverMajor: null, data: null }
  );
}

async function chooseService(
  answers: Answers,
  asker: Asker,
  services: readonly ServiceLook[],
): Promise<string | null> {
  const names = services.map(({ name }) => name);
  const postgres = services.filter(({ isPostgres }) => isPostgres).map(({ name }) => name);
  const refuses = (answer: string): string | null =>
    answer === none || names.length === 0 || names.includes(answer)
      ? null
      : `It is one of ${names.join(', ')}, or ${none}.`;
  const known = answers.known('service');
  if (answers.isGiven('service') && known !== null) {
    const why = refuses(known);
    if (why !== null) throw notSaid('service', `The Compose file has no service ${known}. ${why}`);
    return known;
  }
  const [first = none] = postgres;
  const several = postgres.length > 1 && known === null;
  const answer = await asker.ask(
    `Which service runs PostgreSQL${names.length === 0 ? '' : ` (${names.join(', ')})`}`,
    several ? null : (known ?? first),
    refuses,
  );
  if (answer === null) throw notSaid('service', `Several services run PostgreSQL: ${postgres.join(', ')}.`);
  return answer === none ? null : answer;
}

async function askPlace(
  answers: Answers,
  asker: Asker,
  { cwd, isService }: { cwd: string; isService: boolean },
): Promise<void> {
  const known = answers.known('dataDir') ?? answers.known('volume');
  const isGiven = answers.isGiven('dataDir') || answers.isGiven('volume');
  const refuses = (answer: string): string | null =>
    answer.includes('/') ? null : refusalOf('volume')(answer);
  const place = isGiven
    ? known
    : await asker.ask('Volume that holds the database, or its directory (a path with /)', known, refuses);
  if (place === null) throw notSaid('volume', 'It is not said where to restore.');
  const isVolume = isGiven ? answers.isGiven('volume') : !place.includes('/');
  writeTarget(answers, isVolume ? 'volume' : 'dataDir', isVolume ? place : resolve(cwd, place));
  if (isVolume || isService) return;
  const answer = answers.isGiven('local')
    ? 'yes'
    : await asker.ask(
        'Does a server of this host work on that directory (yes, no)',
        'yes',
        refusalOf('local'),
      );
  if (/^(yes|true|on|1)$/.test(answer ?? ''))
    answers.write(
      'local',
      true,
      'The server of this host is stopped before a restore and started afterwards.',
    );
}

const writeTarget = (answers: Answers, key: 'volume' | 'dataDir', value: string): void =>
  answers.write(
    key,
    value,
    'It holds the database. A restore removes what is in it, after you agreed: odo plan shows to what.',
  );
