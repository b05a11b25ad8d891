import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../../..');
const folder = join(root, '.github/workflows');

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly needs?: string;
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = readdirSync(folder).map((name) => {
  const text = readFileSync(join(folder, name), 'utf8');
  return { name, text, workflow: parse(text) as Workflow };
});
const release = workflows.find(({ name }) => name === 'release.yml')?.workflow;
const steps = ({ jobs }: Workflow): readonly Step[] => Object.values(jobs).flatMap((job) => job.steps ?? []);

test.for(workflows)(
  '$name calls scripts and files that are there, and no host by its name',
  ({ text, workflow }) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const [, script] of text.matchAll(/npm run (?:--silent )?([\w:-]+)/g))
      expect(Object.keys(scripts)).toContain(script);
    for (const [, target] of text.matchAll(/docker build --target (\S+)/g))
      expect(readFileSync(join(root, 'Dockerfile'), 'utf8')).toContain(` AS ${target}\n`);
    for (const { uses } of steps(workflow))
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@v\d+$/);
    for (const { uses } of Object.values(workflow.jobs))
      if (uses !== undefined)
        expect(workflows.map(({ name }) => `./.github/workflows/${name}`)).toContain(uses);
    expect(text).not.toMatch(/\b(?:registry|ghcr|quay|docker|npmjs)\.\w+\b/);
    expect(workflow.permissions).toEqual({ contents: 'read' });
  },
);

test('only the job that publishes may sign, and it publishes with provenance what the checks have passed', () => {
  const signing = Object.entries(release?.jobs ?? {}).filter(
    ([, { permissions }]) => permissions?.['id-token'],
  );
  expect(signing.map(([name]) => name)).toEqual(['package']);
  const [, job] = signing[0] ?? [];
  expect(job?.needs).toBe('checks');
  expect(job?.steps?.at(-1)?.run).toMatch(/npm publish \S+\.tgz --provenance --access public/);
});

test('every changeset is for this package', () => {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const sets = readdirSync(join(root, '.changeset')).filter((file) => /^(?!README).*\.md$/.test(file));
  for (const file of sets)
    expect(readFileSync(join(root, '.changeset', file), 'utf8')).toMatch(
      new RegExp(`^---\\n['"]?${name}['"]?: (patch|minor|major)\\n---\\n`),
    );
});
