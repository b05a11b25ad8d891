import { existsSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { configInvalid } from '../../config/problem.ts';
import { settingKeys, settingOf } from '../../config/schema.ts';
import { problemsIn, settingsText, type WrittenSetting } from '../../config/settings-text.ts';
import { errorKinds } from '../../errors/codes.ts';
import { OdoError } from '../../errors/odo-error.ts';
import type { CliContext } from '../context.ts';
import { createFile } from '../create-file.ts';
import { Answers } from '../init/answers.ts';
import { askSource } from '../init/ask-source.ts';
import { askTarget } from '../init/ask-target.ts';
import { openAsker } from '../init/asker.ts';
import { addHelp, addSettings, initSettings, isOn, loadFor } from '../options.ts';
import { watchSignals } from '../signals.ts';

const group = 'What becomes of it:';

export function addInit(program: Command, context: CliContext, exit: (code: number) => void): void {
  const command = program
    .command('init')
    .summary('write an odo.yaml by asking, and by looking around')
    .description(
      'Asks where the backups lie and what runs PostgreSQL, looks into the store and the Compose file for what it can suggest, and writes a settings file with comments. What a flag says is not asked. Credentials are used to look, and never written.',
    );
  addSettings(command, initSettings);
  command
    .addOption(new Option('--out <file>', 'file to write').default('odo.yaml').helpGroup(group))
    .addOption(new Option('--overwrite', 'write over a file that is there').helpGroup(group))
    .addOption(new Option('--yes', 'take flags and suggestions, and ask nothing').helpGroup(group));
  addHelp(command);
  command.action(async () => {
    const { api, host } = context;
    const out = String(command.getOptionValue('out'));
    const file = resolve(host.cwd, out);
    const isAsking = !isOn(command, 'yes');
    if (isAsking && (!host.canAsk || !host.stderr.isTerminal)) {
      throw new OdoError('USAGE', 'Nobody can be asked here.', {
        hint: 'Take flags and suggestions with --yes: odo init --yes -u s3://BUCKET/PREFIX',
      });
    }
    using signals = watchSignals(host, { onFirst: () => {}, onSecond: () => {} });
    const { signal } = signals;
    const asker = openAsker(host, isAsking, signal);
    try {
      let replaces = isOn(command, 'overwrite');
      if (!replaces && isAsking && existsSync(file)) {
        replaces =
          (await asker.ask(
            `${out} is there already, and what it says besides would be lost. Write over it (yes, no)`,
            'no',
          )) === 'yes';
        if (!replaces) {
          asker.say(`${out} stays as it is.`);
          return exit(errorKinds.CHOICE_NEEDED.exitCode);
        }
      }
      if (!replaces && existsSync(file)) throw isThere(file);
      const answers = new Answers(loadFor(command, initSettings, context));
      await askSource(answers, asker, api, signal);
      await askTarget(answers, asker, api, { cwd: host.cwd, signal });
      const text = textOf(answers, file);
      const problems = problemsIn(text, file);
      if (problems.length > 0) throw configInvalid(problems);
      createFile(file, text, { replaces });
      const config = file === resolve(host.cwd, 'odo.yaml') ? '' : ` --config ${out}`;
      asker.say(`${out} is written. Next: odo doctor${config}, then odo plan${config}`);
      exit(0);
    } catch (error) {
      const code = signals.exitCode();
      if (code === null) throw error;
      exit(code);
    }
  });
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
