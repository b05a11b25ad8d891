import { resolveCredentials } from '../../config/credentials.ts';
import { toSource } from '../../config/request.ts';
import { addressForms } from '../../config/values.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliApi } from '../context.ts';
import { type Answers, notSaid, refusalOf } from './answers.ts';
import { type Asker, none } from './asker.ts';

/** A store that says nothing is no reason to wait for a settings file. @unit ms */
const patienceMs = 20_000;

/** Where the backups lie, and which of the servers there. */
export async function askSource(
  answers: Answers,
  asker: Asker,
  api: CliApi,
  signal: AbortSignal,
): Promise<void> {
  const known = answers.known('url');
  const url = answers.isGiven('url')
    ? known
    : await asker.ask(`Where do the backups lie (${addressForms.join(', ')})`, known, refusalOf('url'));
  if (url === null) throw notSaid('url', 'It is not said where the backups lie.');
  answers.write('url', url, 'Where the backups lie. What is there: odo backups');
  if (/^s3:/i.test(url)) {
    await askOptional(answers, asker, 'endpoint', 'Endpoint of the store, when it is not AWS');
    await askOptional(answers, asker, 'region', 'Region');
    asker.say(credentialsText(answers));
  } else {
    for (const key of ['endpoint', 'sshKey', 'sshKnownHosts'] as const) {
      const known = answers.known(key);
      if (known !== null && answers.isGiven(key)) answers.write(key, known);
    }
  }
  const walUrl = answers.known('walUrl');
  if (walUrl !== null) answers.write('walUrl', walUrl, 'The WAL lies apart from the backups.');
  await askServer(answers, asker, api, signal);
}

async function askOptional(
  answers: Answers,
  asker: Asker,
  key: 'endpoint' | 'region',
  question: string,
): Promise<void> {
  const known = answers.known(key);
  const refuses = (answer: string): string | null => (answer === none ? null : refusalOf(key)(answer));
  const answer = answers.isGiven(key) ? known : await asker.ask(question, known ?? none, refuses);
  if (answer !== null && answer !== none) answers.write(key, answer);
}

/** By their names: their values are for nobody. */
function credentialsText(answers: Answers): string {
  const { layers, provenance } = answers.asLoaded();
  const names = (['accessKey', 'secretKey'] as const)
    .filter((key) => layers[key] !== null)
    .map((key) => provenance[key]);
  return names.length === 0
    ? 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, so a profile or role of this machine would be used. They belong into the environment, or into .env.'
    : `Credentials are there: ${names.join(' and ')}. They are not written into the file.`;
}

/** Looks into the store; what does not work there is told, and no reason to stop. */
async function askServer(answers: Answers, asker: Asker, api: CliApi, signal: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(patienceMs);
  let servers: readonly string[] = [];
  try {
    const loaded = answers.asLoaded();
    const request = {
      source: toSource(loaded),
      server: answers.known('server'),
      walUrl: loaded.settings.walUrl,
      credentials: resolveCredentials(loaded),
      signal: AbortSignal.any([signal, patience]),
    };
    servers = await api.listAvailableServers(request);
    if (servers.length > 1)
      asker.say(`There are the folders of ${servers.length} servers: ${servers.join(', ')}.`);
    else {
      const { backups } = await api.listAvailableBackups({ ...request, withWal: false });
      const usable = backups.filter(({ restorable }) => restorable).length;
      asker.say(
        backups.length === 0
          ? 'The store answers, and there is no backup at this address.'
          : `There are ${backups.length} backups, ${usable} of them usable as far as their names tell.`,
      );
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!patience.aborted && !(error instanceof OdoError)) throw error;
    const why = error instanceof OdoError && !patience.aborted ? error.message : 'It does not answer.';
    asker.say(`The store could not be looked at: ${why} odo doctor will say more.`);
  }
  await chooseServer(answers, asker, servers);
}

async function chooseServer(answers: Answers, asker: Asker, servers: readonly string[]): Promise<void> {
  const known = answers.known('server');
  const isKnown = known !== null && (servers.length === 0 || servers.includes(known));
  if (servers.length < 2 && !isKnown) return;
  const refuses = (answer: string): string | null =>
    servers.length === 0 || servers.includes(answer) ? null : `It is one of ${servers.join(', ')}.`;
  const answer =
    answers.isGiven('server') || servers.length < 2
      ? known
      : await asker.ask('Which server', isKnown ? known : null, refuses);
  if (answer === null)
    throw notSaid('server', `There are several servers at that address: ${servers.join(', ')}.`);
  answers.write('server', answer, 'Of the servers at that address this one.');
}
