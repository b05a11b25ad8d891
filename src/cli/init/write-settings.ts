import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import type { LoadedSettings } from '../../config/load.ts';
import { configInvalid } from '../../config/problem.ts';
import { settingKeys, settingOf } from '../../config/schema.ts';
import { problemsIn, settingsText, type WrittenSetting } from '../../config/settings-text.ts';
import { errorKinds } from '../../errors/codes.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { createFile } from '../create-file.ts';
import { Answers } from './answers.ts';
import { askSource } from './ask-source.ts';
import { askTarget } from './ask-target.ts';
import { openAsker } from './asker.ts';

/** Asks, looks around, and writes the file; returns the exit code. */
export async function writeSettings(
  { api, host }: CliContext,
  {
    out,
    overwrites,
    isAsking,
    load,
  }: {
    readonly out: string;
    readonly overwrites: boolean;
    /** False: flags and suggestions are taken. */
    readonly isAsking: boolean;
    /** What is given beforehand. */
    readonly load: () => LoadedSettings;
  },
  signal: AbortSignal,
): Promise<number> {
  const file = resolve(host.cwd, out);
  const asker = openAsker(host, isAsking, signal);
  let replaces = overwrites;
  if (!replaces && isAsking && existsSync(file)) {
    replaces =
      (await asker.ask(
        `${out} is there already, and what it says besides would be lost. Write over it (yes, no)`,
        'no',
      )) === 'yes';
    if (!replaces) {
      asker.say(`${out} stays as it is.`);
      return errorKinds.CHOICE_NEEDED.exitCode;
    }
  }
  if (!replaces && existsSync(file)) throw isThere(file);
  const answers = new Answers(load());
  await askSource(answers, asker, api, signal);
  await askTarget(answers, asker, api, { cwd: host.cwd, signal });
  const text = textOf(answers, file);
  const problems = problemsIn(text, file);
  if (problems.length > 0) throw configInvalid(problems);
  createFile(file, text, { replaces });
  const config = file === resolve(host.cwd, 'odo.yaml') ? '' : ` --config ${out}`;
  asker.say(`${out} is written. Next: odo doctor${config}, then odo plan${config}`);
  return 0;
}

const isThere = (file: string): OdoError =>
  new OdoError('CHOICE_NEEDED', `${file} is there already.`, {
    hint: 'Write over it with --overwrite, or write another file with --out. Nothing was touched.',
  });

function textOf(answers: Answers, file: string): string {
  const settings = answers.all().map((one): WrittenSetting => {
    const { key, value } = one;
    // As seen from the file, so that both can be moved together.
    const isNear = settingOf(key).isPath === true && typeof value === 'string' && isAbsolute(value);
    return isNear && key !== 'dataDir' ? { ...one, value: relative(dirname(file), value) } : one;
  });
  return settingsText(file, {
    head: [
      'Settings of odo, from odo init. Flags, the environment and .env come before them.',
      'Credentials do not belong here. All settings: docs/configuration.md, or odo start --help',
    ],
    settings: [...settings, ...suggestions(answers)].toSorted(
      (one, other) => settingKeys.indexOf(one.key) - settingKeys.indexOf(other.key),
    ),
    tail: [],
  });
}

/** What many want next, as comments. */
function suggestions(answers: Answers): WrittenSetting[] {
  const volume = answers.written('volume');
  const isCompose = answers.written('service') !== null;
  return [
    ...(typeof volume === 'string' && isCompose
      ? [
          {
            key: 'newVolume',
            value: `${volume}-restored`,
            comment: [
              'Instead: a new volume, which the service uses afterwards; the old one stays as it is.',
            ],
            isOff: true,
          } as const,
        ]
      : []),
    {
      key: 'reserve',
      value: '8GiB',
      comment: ['Space that has to stay free on the target (1GiB when nothing is said).'],
      isOff: true,
    },
  ];
}
