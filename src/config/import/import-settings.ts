import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { OdoError } from '../../errors/odo-error.ts';
import { configInvalid } from '../problem.ts';
import { expectedOf, settingKeys, settingName, settingOf } from '../schema.ts';
import { problemsIn, settingsText, type WrittenSetting } from '../settings-text.ts';
import type { Imported, Left, Taken } from './imported.ts';
import { parseIni } from './ini.ts';
import { fromPgBackctl } from './pg-backctl.ts';
import { fromRecoveryParameters } from './recovery-parameters.ts';

/**
 * The text of an odo.yaml that says what the old file said. `cwd`: where the old program was run, so that its relative
 * paths start there; `file`: where the new one will lie.
 * @throws CONFIG_INVALID when it is no file that odo knows
 */
export function importSettings(text: string, from: { name: string; cwd: string; file: string }): string {
  const ini = parseIni(text);
  const imported = (ini.hasSections ? fromPgBackctl : fromRecoveryParameters)(ini.entries);
  if (!imported.taken.some(({ isOff }) => isOff !== true)) throw unknownFile(from.name);
  const { settings, refused } = sorted(imported.taken, from);
  const unread = ini.unread.map((line): Left => ({ from: `line ${line}`, why: 'it could not be read' }));
  const result = settingsText(from.file, {
    head: headOf(imported, from.name),
    settings,
    tail: tailOf([...imported.left, ...refused, ...unread]),
  });
  const problems = problemsIn(result, from.file);
  if (problems.length > 0) throw configInvalid(problems);
  return result;
}

function unknownFile(name: string): OdoError {
  return new OdoError('CONFIG_INVALID', `${name} says nothing that odo knows about a restore.`, {
    hint: 'odo config import reads the recovery.conf of pg_backctl ([source], [target], [restore] …) and the recovery parameters of PostgreSQL: docs/migrating.md.',
  });
}

/** A value that its setting would refuse is not repeated: nobody knows what stands there. */
function sorted(
  taken: readonly Taken[],
  { cwd, file }: { cwd: string; file: string },
): { settings: WrittenSetting[]; refused: Left[] } {
  const settings: WrittenSetting[] = [];
  const refused: Left[] = [];
  const order = (one: Taken): number => settingKeys.indexOf(one.key);
  for (const one of taken.toSorted((a, b) => order(a) - order(b))) {
    const { value, isPath } = settingOf(one.key);
    if (one.isOff === true || value.safeParse(one.value).success) {
      const isMoved = isPath === true && typeof one.value === 'string' && !isAbsolute(one.value);
      settings.push(isMoved ? { ...one, value: moved(String(one.value), cwd, file) } : one);
    } else {
      const why = `as ${settingName(one.key)} it would have to be ${expectedOf(one.key)}`;
      refused.push({ from: one.from ?? `what would be ${settingName(one.key)}`, why });
    }
  }
  return { settings, refused };
}

const moved = (path: string, cwd: string, file: string): string =>
  relative(dirname(file), resolve(cwd, path));

function headOf({ kind, secrets }: Imported, name: string): string[] {
  return [
    `What ${basename(name)} of ${kind} said, made by odo config import. Check it with: odo plan`,
    ...(secrets.length === 0
      ? []
      : [
          'Secrets are not in this file. Set them in the environment, or in .env beside it:',
          ...secrets.map(({ variable, from }) => `  ${variable}: what was ${from}`),
        ]),
  ];
}

const tailOf = (left: readonly Left[]): string[] =>
  left.length === 0 ? [] : ['Not taken over:', ...left.map(({ from, why }) => `  ${from}: ${why}`)];
