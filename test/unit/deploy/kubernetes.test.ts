import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { deployFile } from '../../support/deploy-file.ts';
import { type Manifest, schemaProblems } from '../../support/kubernetes-manifest.ts';

const manifest = (text: string): Manifest => parse(text);
const read = (name: string): Promise<string> => deployFile(`kubernetes/${name}`);

test('the manifests are what the Kubernetes API takes', async () => {
  const texts = await Promise.all(['storage.yaml', 'job.yaml', 'cronjob.yaml'].map(read));
  expect(await schemaProblems(texts.map(manifest))).toEqual([]);
});

test.for([
  ['an unknown field', 'backoffLimit: 5', 'backofLimit: 5', /"backofLimit"' does not exist/],
  ['a missing field', /values: .*/, '', /required property values/],
  ['a number as text', 'backoffLimit: 5', 'backoffLimit: "5"', /backoffLimit must be integer/],
  ['a word that is none', 'restartPolicy: Never', 'restartPolicy: Rarely', /restartPolicy/],
] as const)('%s is refused', async ([, good, bad, complaint]) => {
  const text = await read('job.yaml');
  const damaged = text.replace(good, bad);
  expect(damaged).not.toBe(text);
  expect((await schemaProblems([manifest(damaged)])).join('\n')).toMatch(complaint);
});

test('a drill of the night is the same Job as one by hand', async () => {
  const [job, cronJob] = await Promise.all(
    ['job.yaml', 'cronjob.yaml'].map(async (name) => parse(await read(name))),
  );
  expect(cronJob.spec.jobTemplate.spec).toEqual(job.spec);
});
