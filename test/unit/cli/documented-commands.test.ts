import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { CliApi } from '../../../src/cli/context.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { SecretRedactor } from '../../../src/config/redact.ts';
import { fakeHost } from './fake-host.ts';

const root = join(import.meta.dirname, '../../..');
const pages = ['README.md', 'SECURITY.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];

/** Command lines of odo in fenced and in indented blocks, without what a shell does with them. */
function commandsIn(text: string): string[] {
  let fenced = false;
  const lines: string[] = [];
  for (const line of text.replaceAll(/\\\n\s*/g, '').split('\n')) {
    if (/^\s*```/.test(line)) fenced = !fenced;
    else if (fenced || /^ {4}/.test(line)) lines.push(line);
  }
  return lines
    .flatMap((line) => line.split(/(?:;|&&|\|\|)\s/))
    .flatMap(
      (line) =>
        /^\s*(?:\$ )?(?:tmux new -s \w+ ')?(?:screen -S \w+ )?(odo [a-z]+(?: .*)?)$/.exec(line)?.[1] ?? [],
    )
    .map((line) =>
      line.replace(/ {2,}#.*| #.*| [|>].*|'$/, (end) => (end === "'" && quotesAreEven(line) ? end : '')),
    );
}

const quotesAreEven = (line: string): boolean => (line.match(/'/g) ?? []).length % 2 === 0;

/** Words as a shell makes them of simple quotes; dots for what is left out are none. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)]
    .map(([word]) => word.replaceAll(/['"]/g, ''))
    .filter((word) => word !== '…');

/** What is wrong with the line; null when the program would take it. */
function complaint(line: string): string | null {
  const program = createProgram(
    { api: {} as CliApi, host: fakeHost(), secrets: new SecretRedactor() },
    () => {},
  );
  const words = wordsOf(line).slice(1);
  let command: Command = program;
  while (command.commands.length > 0) {
    const name = words.shift();
    const named = command.commands.find((one) => one.name() === name);
    if (named === undefined) return `there is no ${command.name()} ${name}`;
    command = named;
  }
  try {
    const { unknown } = command.parseOptions(words);
    return unknown.length === 0 ? null : `there is no ${unknown[0]}`;
  } catch (error) {
    return String(error);
  }
}

test.each(pages.filter((page) => page.endsWith('.md')))('the commands of odo in %s are there', (page) => {
  const commands = commandsIn(readFileSync(join(root, page), 'utf8'));
  expect(commands.flatMap((line) => complaint(line) ?? [])).toEqual([]);
});

test('commands are found in blocks, and a flag that is not there is told', () => {
  const text = [
    '```',
    "tmux new -s a 'odo start -u s3://b --yes'",
    '```',
    '    odo plan --nonsense | cat',
    'odo talk',
  ];
  const commands = commandsIn(text.join('\n'));
  expect(commands).toEqual(['odo start -u s3://b --yes', 'odo plan --nonsense']);
  expect(commands.map(complaint)).toEqual([null, 'there is no --nonsense']);
});
